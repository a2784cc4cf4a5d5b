package realnode

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/image"
	"github.com/ottoscaler/ottoscaler/devcluster/internal/proc"
)

// Node is one run of a real node.
type Node struct {
	opts    Options
	layout  layout
	forward *forwarder
}

// New starts nothing.
func New(o Options) *Node {
	if o.Name == "" {
		o.Name = "localhost"
	}
	return &Node{opts: o}
}

// Start returns when the kubelet serves; the Node gets ready in the API server a moment later.
// After an error Stop has to be called too.
func (n *Node) Start(ctx context.Context) error {
	steps := []struct {
		doing string
		do    func(context.Context) error
	}{
		{"preparing the machine", n.prepare},
		{"starting containerd", n.startContainerd},
		{"importing images", n.importImages},
		{"opening the service address", n.openService},
		{"starting the kubelet", n.startKubelet},
	}
	for _, s := range steps {
		if err := s.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", s.doing, err)
		}
		n.opts.Logger.Debug("node step done", "step", s.doing)
	}
	return nil
}

// Stop ends the node and removes everything it made, its containers and its images included.
func (n *Node) Stop(ctx context.Context) error {
	if n.layout.ID == "" {
		return nil // never started
	}
	errs := []error{n.end("kubelet"), n.end("containerd")}
	if n.forward != nil {
		n.forward.close()
	}
	return errors.Join(append(errs, sweep(ctx, n.layout, n.opts.Logger))...)
}

func (n *Node) end(name string) error {
	if err := n.opts.Procs.Stop(name); err != nil && !errors.Is(err, proc.ErrUnknown) {
		return err
	}
	return nil
}

// Cleanup removes what a killed run with this state folder left on the machine. The caller makes sure that
// no other process uses the folder.
func Cleanup(ctx context.Context, dir string, logger *slog.Logger) error {
	if os.Geteuid() != 0 {
		return nil // then no node was ever started by this user
	}
	l, err := layoutOf(dir)
	if err != nil {
		return err
	}
	return sweep(ctx, l, logger)
}

// prepare makes folders, cgroups and configuration. The journal comes first: what follows is swept by it.
func (n *Node) prepare(context.Context) error {
	l, err := layoutOf(n.opts.Dir)
	if err != nil {
		return err
	}
	n.layout = l
	for _, dir := range l.folders() {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	j := journal{Dir: filepath.Dir(l.Node), PodCIDR: n.opts.PodCIDR}
	if err := j.write(l.Journal()); err != nil {
		return err
	}
	if err := errors.Join(saveSysctls(), makeCgroups(l.Cgroup()), mountKubeletRoot(l)); err != nil {
		return err
	}
	cniBin, err := findCNI()
	if err != nil {
		return err
	}
	return newSettings(l, n.opts, cniBin, snapshotter(l.Node)).writeConfigs()
}

func (n *Node) startContainerd(ctx context.Context) error {
	path, err := exec.LookPath("containerd")
	if err != nil {
		return err
	}
	return n.opts.Procs.Start(ctx, proc.Spec{
		Name:    "containerd",
		Path:    path,
		Args:    []string{"--config", n.layout.ContainerdConfig()},
		LogFile: filepath.Join(n.layout.Logs, "containerd.log"),
		Ready:   func(ctx context.Context) error { return n.layout.ctr(ctx, "version") },
	})
}

func (n *Node) importImages(ctx context.Context) error {
	pause := filepath.Join(n.layout.Images(), "pause.tar")
	busybox := filepath.Join(n.layout.Images(), "busybox.tar")
	if err := errors.Join(image.WritePause(pause), image.WriteBusybox(busybox)); err != nil {
		return err
	}
	for _, tar := range append([]string{pause, busybox}, n.opts.Images...) {
		if err := n.layout.importImage(ctx, tar); err != nil {
			return err
		}
	}
	return nil
}

// openService journals the address only once it is known to be free: it may be another cluster's.
func (n *Node) openService(ctx context.Context) error {
	ip := n.opts.ServiceIP
	if err := mustBeFree(ip); err != nil {
		return err
	}
	j := journal{Dir: filepath.Dir(n.layout.Node), PodCIDR: n.opts.PodCIDR, ServiceIP: ip}
	if err := j.write(n.layout.Journal()); err != nil {
		return err
	}
	if err := addAddress(ip); err != nil {
		return err
	}
	f, err := listen(ctx, net.JoinHostPort(ip, "443"), n.opts.APIServer)
	n.forward = f
	return err
}

func (n *Node) startKubelet(ctx context.Context) error {
	exe := n.opts.Executable
	if exe == "" {
		var err error
		if exe, err = os.Executable(); err != nil {
			return err
		}
	}
	return n.opts.Procs.Start(ctx, proc.Spec{
		Name:    "kubelet",
		Path:    exe,
		Args:    n.kubeletArgs(),
		LogFile: filepath.Join(n.layout.Logs, "kubelet.log"),
		Ready:   n.probeKubelet,
	})
}

// The service address is the node's, because it exists on a machine without any network too, and Pods reach
// the host there.
func (n *Node) kubeletArgs() []string {
	return []string{
		"kubelet",
		"--config=" + n.layout.KubeletConfig(),
		"--kubeconfig=" + n.opts.Kubeconfig,
		"--hostname-override=" + n.opts.Name,
		"--node-ip=" + n.opts.ServiceIP,
		"--root-dir=" + n.layout.KubeletRoot(),
		"--cert-dir=" + n.layout.KubeletCerts(),
	}
}

// probeKubelet takes any answer, "unauthorized" included, for a kubelet that serves.
func (n *Node) probeKubelet(ctx context.Context) error {
	url := fmt.Sprintf("https://127.0.0.1:%d/healthz", n.opts.KubeletPort)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // only whether it answers
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}
