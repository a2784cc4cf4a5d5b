package realnode

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
)

// runRoot is short because socket paths are limited, and on a tmpfs: what it describes does not survive a reboot either.
const runRoot = "/run/devcluster"

// layout has the paths and names of everything a node creates, derived from the path of the cluster's folder.
type layout struct {
	ID   string
	Node string // on disk: containerd's root, the kubelet's root, Pod logs
	Run  string
	Logs string
}

func newLayout(dir string) (layout, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return layout{}, fmt.Errorf("resolving %s: %w", dir, err)
	}
	if resolved, err := filepath.EvalSymlinks(abs); err == nil {
		abs = resolved
	}
	sum := sha256.Sum256([]byte(abs))
	id := hex.EncodeToString(sum[:4])
	return layout{
		ID:   id,
		Node: filepath.Join(abs, "node"),
		Run:  filepath.Join(runRoot, id),
		Logs: filepath.Join(abs, "logs"),
	}, nil
}

// Network is the name of the CNI network; libcni's cache files start with it.
func (l layout) Network() string { return "devcluster-" + l.ID }

// Cgroup is the parent cgroup of all Pods, relative to the root of a hierarchy.
func (l layout) Cgroup() string { return "/devcluster-" + l.ID }

func (l layout) Socket() string           { return filepath.Join(l.Run, "containerd.sock") }
func (l layout) ContainerdState() string  { return filepath.Join(l.Run, "containerd") }
func (l layout) ContainerdConfig() string { return filepath.Join(l.Run, "containerd.toml") }
func (l layout) ContainerdRoot() string   { return filepath.Join(l.Node, "containerd") }
func (l layout) RuncRoot() string         { return filepath.Join(l.Run, "runc") }
func (l layout) CNIConf() string          { return filepath.Join(l.Run, "cni") }
func (l layout) CNIData() string          { return filepath.Join(l.Run, "ipam") }
func (l layout) KubeletConfig() string    { return filepath.Join(l.Run, "kubelet.yaml") }
func (l layout) ResolvConf() string       { return filepath.Join(l.Run, "resolv.conf") }
func (l layout) KubeletDisk() string      { return filepath.Join(l.Node, "kubelet") }
func (l layout) KubeletRoot() string      { return filepath.Join(l.Run, "kubelet") }
func (l layout) KubeletCerts() string     { return filepath.Join(l.Node, "pki") }
func (l layout) PodLogs() string          { return filepath.Join(l.Node, "pods") }
func (l layout) Images() string           { return filepath.Join(l.Node, "images") }
func (l layout) Journal() string          { return filepath.Join(l.Run, "journal.json") }

func (l layout) folders() []string {
	return []string{l.Run, l.CNIConf(), l.Node, l.Images(), l.PodLogs(), l.KubeletDisk(), l.KubeletRoot(), l.Logs}
}
