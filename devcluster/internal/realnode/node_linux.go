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
	"github.com/ottoscaler/ottoscaler/devcluster/internal/supervisor"
)

// Node is one run of a real node.
type Node struct {
	opts   Options
	layout layout
	proxy  *proxy // of the service address
}

// New starts nothing.
func New(o Options) *Node { return &Node{opts: o} }

// Start returns when the kubelet responds; the Node object becomes Ready a moment later. Call Stop even after an
// error.
func (n *Node) Start(ctx context.Context) error {
	steps := []struct {
		doing string
		do    func(context.Context) error
	}{
		{"preparing the machine", n.prepare},
		{"starting containerd", n.startContainerd},
		{"importing images", n.importImages},
		{"serving the service address", n.serveServiceIP},
		{"starting the kubelet", n.startKubelet},
	}
	for _, s := range steps {
		if err := s.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", s.doing, err)
		}
		n.opts.Logger.Debug("node start step done", "step", s.doing)
	}
	return nil
}

// Stop stops the node and removes everything it created, including containers and images.
func (n *Node) Stop(ctx context.Context) error {
	if n.layout.ID == "" {
		return nil // never started
	}
	errs := []error{n.stopComponent("kubelet"), n.stopComponent("containerd")}
	if n.proxy != nil {
		n.proxy.close()
	}
	return errors.Join(append(errs, cleanUp(ctx, n.layout, n.opts.Logger))...)
}

func (n *Node) stopComponent(name string) error {
	if err := n.opts.Supervisor.Stop(name); err != nil && !errors.Is(err, supervisor.ErrUnknownComponent) {
		return err
	}
	return nil
}

// Cleanup removes everything a killed run with this state folder left on the machine. The caller has locked the
// folder.
func Cleanup(ctx context.Context, dir string, logger *slog.Logger) error {
	if os.Geteuid() != 0 {
		return nil // only root can have started a node
	}
	l, err := newLayout(dir)
	if err != nil {
		return err
	}
	return cleanUp(ctx, l, logger)
}

// prepare creates folders, cgroups and configuration. The journal is written before anything that depends on it for cleanup.
func (n *Node) prepare(context.Context) error {
	l, err := newLayout(n.opts.Dir)
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
	if err := errors.Join(saveSysctls(), createCgroups(l.Cgroup()), mountKubeletRoot(l)); err != nil {
		return err
	}
	cniBin, err := findCNI()
	if err != nil {
		return err
	}
	return newSettings(l, n.opts, cniBin, chooseSnapshotter(l.Node)).writeConfigs()
}

func (n *Node) startContainerd(ctx context.Context) error {
	path, err := exec.LookPath("containerd")
	if err != nil {
		return err
	}
	return n.opts.Supervisor.Start(ctx, supervisor.Spec{
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

// serveServiceIP writes the address to the journal only after checking that it is unused: cleanup must not remove the
// address of another cluster.
func (n *Node) serveServiceIP(ctx context.Context) error {
	ip := n.opts.ServiceIP
	if err := checkAddressUnused(ip); err != nil {
		return err
	}
	j := journal{Dir: filepath.Dir(n.layout.Node), PodCIDR: n.opts.PodCIDR, ServiceIP: ip}
	if err := j.write(n.layout.Journal()); err != nil {
		return err
	}
	if err := addAddress(ip); err != nil {
		return err
	}
	p, err := newProxy(ctx, net.JoinHostPort(ip, "443"), n.opts.APIServer)
	n.proxy = p
	return err
}

func (n *Node) startKubelet(ctx context.Context) error {
	return n.opts.Supervisor.Start(ctx, supervisor.Spec{
		Name:    "kubelet",
		Path:    n.opts.Executable,
		Args:    n.kubeletArgs(),
		LogFile: filepath.Join(n.layout.Logs, "kubelet.log"),
		Ready:   n.probeKubelet,
	})
}

// kubeletArgs use the service address as the node's: it exists on machines without a network too, and Pods can reach
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

// probeKubelet accepts any response, including 401.
func (n *Node) probeKubelet(ctx context.Context) error {
	url := fmt.Sprintf("https://127.0.0.1:%d/healthz", n.opts.KubeletPort)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // any response counts
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}
