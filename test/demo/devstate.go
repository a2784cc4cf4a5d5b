package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// devState is what `test-event` reads about a running `dev`.
type devState struct {
	PID        int           `json:"pid"`
	Redis      redisEndpoint `json:"redis"`
	ClusterDir string        `json:"cluster_dir"`
	Devcluster string        `json:"devcluster"` // path of the program
}

func (s devState) kubectl() string { return s.Devcluster + " kubectl --dir " + s.ClusterDir }

// devDir is the folder of `dev` for this user and checkout, independent of the working directory.
func devDir() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding this program: %w", err)
	}
	if resolved, err := filepath.EvalSymlinks(self); err == nil {
		self = resolved
	}
	sum := sha256.Sum256([]byte(self))
	return filepath.Join(os.TempDir(), fmt.Sprintf("ottoscaler-dev-%d-%s", os.Getuid(), hex.EncodeToString(sum[:4]))), nil
}

func statePath(dir string) string { return filepath.Join(dir, "state.json") }

// ensureDir creates the folder, or uses it if it belongs to this user.
func ensureDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("creating the folder of dev: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || !ok || int(owner.Uid) != os.Getuid() {
		return fmt.Errorf("%s is not a folder owned by you: remove it, or set TMPDIR", dir)
	}
	return os.Chmod(dir, 0o700)
}

// lockDev locks the folder until unlock, or until this process ends.
func lockDev(dir string) (unlock func() error, err error) {
	path := filepath.Join(dir, "lock")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the folder of dev: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		pid, _ := os.ReadFile(path)
		_ = file.Close()
		return nil, fmt.Errorf("dev runs already for this checkout, process %s: stop it with Ctrl-C, or send an event with `make test-event`",
			strings.TrimSpace(string(pid)))
	case err != nil:
		_ = file.Close()
		return nil, fmt.Errorf("locking the folder of dev: %w", err)
	}
	if err := os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600); err != nil {
		_ = file.Close()
		return nil, err
	}
	return file.Close, nil
}

func (s devState) write(dir string) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(statePath(dir), append(data, '\n'), 0o600)
}

func readDevState() (devState, error) {
	var s devState
	dir, err := devDir()
	if err != nil {
		return s, err
	}
	data, err := os.ReadFile(statePath(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return s, errors.New("neither dev of this checkout nor a Redis on port 6379 is running: " +
			"start `make dev` in another terminal or `make redis`, or set REDIS_HOST and REDIS_PORT")
	}
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return s, fmt.Errorf("reading %s: %w", statePath(dir), err)
	}
	if syscall.Kill(s.PID, 0) != nil {
		return s, fmt.Errorf("dev of this checkout, process %d, has ended: restart it with `make dev`", s.PID)
	}
	return s, nil
}
