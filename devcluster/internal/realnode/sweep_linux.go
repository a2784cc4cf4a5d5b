package realnode

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	patience  = 15 * time.Second
	pollEvery = 20 * time.Millisecond

	cniCache     = "/var/lib/cni/results"
	kubeletLinks = "/var/log/containers"

	devicePlugins = "/var/lib/kubelet/device-plugins/kubelet.sock" // whatever the kubelet's root folder
)

// sweep removes everything a node with this layout has made, whether or not it ended well. Processes go
// first, since a living one would mount and create again; folders last, since they say what else there is.
func sweep(ctx context.Context, l layout, logger *slog.Logger) error {
	j, err := readJournal(l.Journal())
	if err != nil {
		return err
	}
	logger.Debug("sweeping node", "id", l.ID, "dir", j.Dir)
	if err := until(ctx, "processes", func() (bool, error) { return killAll(l) }); err != nil {
		return err
	}
	err = errors.Join(
		removeShimSockets(l),
		unmountBelow(l.Node, l.Run),
		until(ctx, "cgroups", func() (bool, error) { return removeCgroups(l.Cgroup()) }),
		sweepNetwork(ctx, j),
		removeTraces(l),
	)
	if err != nil {
		return err // the journal stays, for the next try
	}
	if err := removeFolders(l.Node, l.Run); err != nil {
		return err
	}
	return restoreSysctls()
}

func sweepNetwork(ctx context.Context, j journal) error {
	var errs []error
	if j.PodCIDR != "" {
		errs = append(errs, until(ctx, "network links", func() (bool, error) { return removeLinks(j.PodCIDR) }))
	}
	if j.ServiceIP != "" {
		errs = append(errs, removeAddress(j.ServiceIP))
	}
	return errors.Join(errs...)
}

// removeShimSockets knows their hashed names from the shims' own folders.
func removeShimSockets(l layout) error {
	files, err := filepath.Glob(filepath.Join(l.ContainerdState(), "io.containerd.runtime.v2.task", "*", "*", "address"))
	if err != nil {
		return err
	}
	for _, file := range files {
		raw, _ := os.ReadFile(file)
		if socket, found := strings.CutPrefix(string(raw), "unix://"); found {
			_ = os.Remove(socket)
		}
	}
	removeEmpty("/run/containerd/s", "/run/containerd")
	return nil
}

// removeTraces removes what libcni and the kubelet put into folders that are the same for every cluster.
func removeTraces(l layout) error {
	patterns := []string{filepath.Join(cniCache, l.Network()+"-*")}
	for _, sandbox := range sandboxes(l) { // the loopback plugin's network has the same name for everybody
		patterns = append(patterns, filepath.Join(cniCache, "cni-loopback-"+sandbox+"-*"))
	}
	for _, pattern := range patterns {
		cached, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		removeFiles(cached)
	}
	links, err := logLinks(l.PodLogs())
	if err != nil {
		return err
	}
	removeFiles(links)
	if !answers(devicePlugins) {
		removeFiles([]string{devicePlugins})
	}
	removeEmpty(cniCache, filepath.Dir(cniCache), kubeletLinks, filepath.Dir(devicePlugins), "/var/lib/kubelet")
	return nil
}

// answers tells a living kubelet's socket from one that a dead kubelet left.
func answers(socket string) bool {
	conn, err := net.Dial("unix", socket)
	if err == nil {
		_ = conn.Close()
	}
	return err == nil
}

func sandboxes(l layout) []string {
	folders, _ := filepath.Glob(filepath.Join(l.ContainerdRoot(), "io.containerd.grpc.v1.cri", "sandboxes", "*"))
	var ids []string
	for _, folder := range folders {
		ids = append(ids, filepath.Base(folder))
	}
	return ids
}

// logLinks finds the symbolic links that the kubelet makes for log collectors.
func logLinks(podLogs string) ([]string, error) {
	all, err := filepath.Glob(filepath.Join(kubeletLinks, "*.log"))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(link string) bool {
		target, err := os.Readlink(link)
		return err != nil || !strings.HasPrefix(target, podLogs+"/")
	}), nil
}

// removeFiles may find that their owner was faster.
func removeFiles(files []string) {
	for _, file := range files {
		_ = os.Remove(file)
	}
}

// removeEmpty leaves the folders that somebody else uses too.
func removeEmpty(dirs ...string) { removeFiles(dirs) }

// until repeats a step whose effect takes the kernel a moment.
func until(ctx context.Context, what string, step func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		done, err := step()
		if done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("removing the node's %s: %w", what, ctx.Err())
		case <-ticker.C:
		}
	}
}
