// Package statedir knows where a cluster keeps its files, and that only one `devcluster up` may own them.
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

// Of makes a Dir of what a person typed.
func Of(path string) (Dir, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("finding the folder %q: %w", path, err)
	}
	return Dir(abs), nil
}

// Default is the folder of this user for the current working directory: under XDG_STATE_HOME where it is
// set, else under the temporary directory. lookup reads the environment.
func Default(lookup func(string) (string, bool)) (Dir, error) {
	if dir, ok := lookup("DEVCLUSTER_DIR"); ok && dir != "" {
		return Of(dir)
	}
	cwd, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding a default folder (give one with --dir): %w", err)
	}
	base := filepath.Join(os.TempDir(), "devcluster-"+strconv.Itoa(os.Getuid()))
	if xdg, ok := lookup("XDG_STATE_HOME"); ok && filepath.IsAbs(xdg) {
		base = filepath.Join(xdg, "devcluster")
	}
	return Dir(filepath.Join(base, filepath.Base(cwd)+"-"+short(cwd))), nil
}

func short(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:4])
}

// Create makes the folder, readable for its owner only: it holds the keys of the cluster.
//
// A folder that holds anything else is refused: what an earlier run left is removed by name.
func (d Dir) Create() error {
	if err := d.check(); err != nil {
		return err
	}
	for _, dir := range []string{filepath.Dir(string(d)), string(d), d.join("logs"), d.join("pki")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("creating the cluster's folder: %w", err)
		}
	}
	if err := owned(string(d)); err != nil {
		return err
	}
	return os.Chmod(string(d), 0o700)
}

func (d Dir) check() error {
	entries, err := os.ReadDir(string(d))
	if errors.Is(err, fs.ErrNotExist) || (err == nil && len(entries) == 0) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking at the cluster's folder: %w", err)
	}
	if _, err := os.Stat(d.lock()); err != nil {
		return fmt.Errorf("%s holds other files and no cluster: choose an empty or a new folder with --dir", d)
	}
	return nil
}

func (d Dir) join(parts ...string) string {
	return filepath.Join(append([]string{string(d)}, parts...)...)
}

func (d Dir) Kubeconfig() string          { return d.join("kubeconfig") }
func (d Dir) AuditLog() string            { return d.join("audit.log") }
func (d Dir) AuditPolicy() string         { return d.join("audit-policy.yaml") }
func (d Dir) Log(component string) string { return d.join("logs", component+".log") }
func (d Dir) PKI(file string) string      { return d.join("pki", file) }
func (d Dir) ConfigOf(user string) string { return d.join("pki", user+".kubeconfig") }
func (d Dir) Etcd() string                { return d.join("etcd") }
func (d Dir) Kwok() string                { return d.join("kwok") }
func (d Dir) Plugins() string             { return d.join("plugins") }
func (d Dir) Node() string                { return d.join("node") }
func (d Dir) lock() string                { return d.join("lock") }
func (d Dir) ready() string               { return d.join("ready.json") }
func (d Dir) state() string               { return d.join("state.json") }

// Socket is where a running `up` takes orders. A unix socket's path has at most 104 bytes on macOS: below
// a long folder it moves to the temporary directory.
func (d Dir) Socket() string {
	if p := d.join("control.sock"); len(p) < 100 {
		return p
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("devcluster-%d-%s.sock", os.Getuid(), short(string(d))))
}

// Reset removes what an earlier run left in files, except the addresses it had. The processes and mounts
// of that run must be gone.
func (d Dir) Reset() error {
	var errs []error
	for _, p := range []string{
		d.Etcd(), d.Kwok(), d.Plugins(), d.join("logs"), d.join("pki"), d.AuditLog(), d.Kubeconfig(), d.ready(), d.Socket(),
	} {
		errs = append(errs, os.RemoveAll(p))
	}
	return errors.Join(errs...)
}

// Remove removes the folder after Reset, with everything of ours in it.
func (d Dir) Remove() error {
	errs := []error{d.Reset()}
	for _, p := range []string{d.Node(), d.AuditPolicy(), d.state(), d.lock()} {
		errs = append(errs, os.RemoveAll(p))
	}
	return errors.Join(append(errs, os.Remove(string(d)))...)
}

// Exists says whether a cluster ever lived in the folder.
func (d Dir) Exists() bool {
	_, err := os.Stat(d.lock())
	return err == nil
}
