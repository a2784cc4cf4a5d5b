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

	"github.com/ottoscaler/ottoscaler/devcluster/internal/poll"
)

const (
	removeTimeout = 15 * time.Second
	pollInterval  = 20 * time.Millisecond

	cniCache     = "/var/lib/cni/results"
	kubeletLinks = "/var/log/containers"

	devicePlugins = "/var/lib/kubelet/device-plugins/kubelet.sock" // independent of the kubelet's root
)

// cleanUp removes everything a node with this layout has created, even after a crash. Processes are removed first,
// because they could mount and create again; folders last, because the other steps read them.
func cleanUp(ctx context.Context, l layout, logger *slog.Logger) error {
	j, err := readJournal(l.Journal())
	if err != nil {
		return err
	}
	logger.Debug("cleaning up node", "id", l.ID, "dir", j.Dir)
	if err := removeAll(ctx, "processes", func() (bool, error) { return killProcesses(l) }); err != nil {
		return err
	}
	err = errors.Join(
		removeShimSockets(l),
		unmountBelow(l.Node, l.Run),
		removeAll(ctx, "cgroups", func() (bool, error) { return removeCgroups(l.Cgroup()) }),
		removeNetwork(ctx, j),
		removeSharedFiles(l),
	)
	if err != nil {
		return err // the journal is kept for the next attempt
	}
	if err := removeFolders(l.Node, l.Run); err != nil {
		return err
	}
	return restoreSysctls()
}

func removeNetwork(ctx context.Context, j journal) error {
	var errs []error
	if j.PodCIDR != "" {
		errs = append(errs, removeAll(ctx, "network links", func() (bool, error) { return removeLinks(j.PodCIDR) }))
	}
	if j.ServiceIP != "" {
		errs = append(errs, removeAddress(j.ServiceIP))
	}
	return errors.Join(errs...)
}

// removeShimSockets reads the sockets' hashed names from the folders of the shims.
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
	removeEmptyFolders("/run/containerd/s", "/run/containerd")
	return nil
}

// removeSharedFiles removes the files of libcni and the kubelet in folders that all clusters share.
func removeSharedFiles(l layout) error {
	patterns := []string{filepath.Join(cniCache, l.Network()+"-*")}
	for _, sandbox := range sandboxes(l) { // the loopback network has the same name in every cluster
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
	if !isListening(devicePlugins) {
		removeFiles([]string{devicePlugins})
	}
	removeEmptyFolders(cniCache, filepath.Dir(cniCache), kubeletLinks, filepath.Dir(devicePlugins), "/var/lib/kubelet")
	return nil
}

// isListening distinguishes the socket of a running kubelet from one that a killed kubelet left.
func isListening(socket string) bool {
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

// logLinks finds the symbolic links that the kubelet creates for log collectors.
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

// removeFiles ignores errors: the owner of a file may have removed it.
func removeFiles(files []string) {
	for _, file := range files {
		_ = os.Remove(file)
	}
}

// removeEmptyFolders keeps folders that others use too.
func removeEmptyFolders(dirs ...string) { removeFiles(dirs) }

// removeAll repeats a step until it reports that everything is removed: the kernel finishes asynchronously.
func removeAll(ctx context.Context, what string, step func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, removeTimeout)
	defer cancel()
	err := poll.Until(ctx, pollInterval, func(context.Context) (bool, error) {
		done, err := step()
		return done || err != nil, err
	})
	if err != nil {
		return fmt.Errorf("removing the node's %s: %w", what, err)
	}
	return nil
}
