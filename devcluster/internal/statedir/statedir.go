// Package statedir defines the files in the folder of a cluster and locks it for one `devcluster up`.
package statedir

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// Dir is the absolute path of one cluster's folder.
type Dir string

// New returns the Dir of a path, which may be relative.
func New(path string) (Dir, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("resolving the folder %q: %w", path, err)
	}
	return Dir(abs), nil
}

// Default is the folder of this user for the current working directory: under XDG_STATE_HOME where it is
// set, else under the temporary directory. lookup reads the environment.
func Default(lookup func(string) (string, bool)) (Dir, error) {
	if dir, ok := lookup("DEVCLUSTER_DIR"); ok && dir != "" {
		return New(dir)
	}
	cwd, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("determining the default folder (set one with --dir): %w", err)
	}
	base := filepath.Join(os.TempDir(), "devcluster-"+strconv.Itoa(os.Getuid()))
	if xdg, ok := lookup("XDG_STATE_HOME"); ok && filepath.IsAbs(xdg) {
		base = filepath.Join(xdg, "devcluster")
	}
	return Dir(filepath.Join(base, filepath.Base(cwd)+"-"+shortHash(cwd))), nil
}

func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:4])
}

// Create creates the folder, readable by its owner only: it contains the keys of the cluster.
//
// A folder with other files is rejected, because Reset and Remove delete files by name.
func (d Dir) Create() error {
	if err := d.checkContents(); err != nil {
		return err
	}
	for _, dir := range []string{filepath.Dir(string(d)), string(d), d.join("logs"), d.join("pki")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("creating the cluster's folder: %w", err)
		}
	}
	if err := checkOwner(string(d)); err != nil {
		return err
	}
	return os.Chmod(string(d), 0o700)
}

func (d Dir) checkContents() error {
	entries, err := os.ReadDir(string(d))
	if errors.Is(err, fs.ErrNotExist) || (err == nil && len(entries) == 0) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the cluster's folder: %w", err)
	}
	if _, err := os.Stat(d.lock()); err != nil {
		return fmt.Errorf("%s contains other files and no cluster: choose an empty or a new folder with --dir", d)
	}
	return nil
}

func (d Dir) join(parts ...string) string {
	return filepath.Join(append([]string{string(d)}, parts...)...)
}

func (d Dir) Kubeconfig() string                { return d.join("kubeconfig") }
func (d Dir) AuditLog() string                  { return d.join("audit.log") }
func (d Dir) AuditPolicy() string               { return d.join("audit-policy.yaml") }
func (d Dir) Log(component string) string       { return d.join("logs", component+".log") }
func (d Dir) PKI(file string) string            { return d.join("pki", file) }
func (d Dir) UserKubeconfig(user string) string { return d.join("pki", user+".kubeconfig") }
func (d Dir) Etcd() string                      { return d.join("etcd") }
func (d Dir) Kwok() string                      { return d.join("kwok") }
func (d Dir) Plugins() string                   { return d.join("plugins") }
func (d Dir) Node() string                      { return d.join("node") }
func (d Dir) lock() string                      { return d.join("lock") }
func (d Dir) ready() string                     { return d.join("ready.json") }
func (d Dir) state() string                     { return d.join("state.json") }

// Socket is the control socket of a running `up`. The path of a unix socket has at most 104 bytes on macOS: for
// long folders the socket is in the temporary directory.
func (d Dir) Socket() string {
	if p := d.join("control.sock"); len(p) < 100 {
		return p
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("devcluster-%d-%s.sock", os.Getuid(), shortHash(string(d))))
}

// Reset removes the files of an earlier run, except state.json. The processes and mounts of that run must be gone.
func (d Dir) Reset() error {
	var errs []error
	for _, p := range []string{
		d.Etcd(), d.Kwok(), d.Plugins(), d.join("logs"), d.join("pki"), d.AuditLog(), d.Kubeconfig(), d.ready(), d.Socket(),
	} {
		errs = append(errs, os.RemoveAll(p))
	}
	return errors.Join(errs...)
}

// Remove removes all files of the cluster and then the folder, which must be empty.
func (d Dir) Remove() error {
	errs := []error{d.Reset()}
	for _, p := range []string{d.Node(), d.AuditPolicy(), d.state(), d.lock()} {
		errs = append(errs, os.RemoveAll(p))
	}
	return errors.Join(append(errs, os.Remove(string(d)))...)
}

// Exists reports whether the folder has been used by a cluster.
func (d Dir) Exists() bool {
	_, err := os.Stat(d.lock())
	return err == nil
}
