package statedir

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func newDir(t *testing.T) Dir {
	t.Helper()
	d := Dir(filepath.Join(t.TempDir(), "cluster"))
	if err := d.Create(); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestLockIsExclusive(t *testing.T) {
	d := newDir(t)
	unlock, err := d.Lock()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Lock(); !errors.Is(err, ErrInUse) {
		t.Errorf("a second Lock returned %v", err)
	}
	unlock()
	unlock, err = d.Lock()
	if err != nil {
		t.Fatalf("after unlocking: %v", err)
	}
	unlock()
}

func TestFolderWithOtherFilesIsRejected(t *testing.T) {
	d := Dir(t.TempDir())
	file := filepath.Join(string(d), "logs")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.Create(); err == nil {
		t.Error("a folder with other files was accepted")
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("the file was removed: %v", err)
	}
}

func TestRemoveDeletesFolder(t *testing.T) {
	d := newDir(t)
	unlock, err := d.Lock()
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if err := errors.Join(d.WriteReady(Ready{PID: 1}), d.WriteState(State{CIDR: "x"})); err != nil {
		t.Fatal(err)
	}
	if r, err := d.ReadReady(); err != nil || r.PID != 1 {
		t.Errorf("ready.json is %+v, %v", r, err)
	}
	if err := d.Remove(); err != nil {
		t.Error(err)
	}
	if _, err := d.ReadReady(); !errors.Is(err, ErrNotRunning) {
		t.Errorf("a removed cluster is ready: %v", err)
	}
	if _, err := os.Stat(string(d)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder still exists: %v", err)
	}
}

func TestDefaultFolder(t *testing.T) {
	env := func(vars map[string]string) func(string) (string, bool) {
		return func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
	}
	tests := []struct {
		name   string
		env    map[string]string
		prefix string
	}{
		{"explicit", map[string]string{"DEVCLUSTER_DIR": "/x/y", "XDG_STATE_HOME": "/s"}, "/x/y"},
		{"XDG_STATE_HOME", map[string]string{"XDG_STATE_HOME": "/s"}, "/s/devcluster/"},
		{"default", nil, filepath.Join(os.TempDir(), "devcluster-")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := Default(env(tt.env))
			if err != nil || !strings.HasPrefix(string(d), tt.prefix) {
				t.Errorf("got %s, %v", d, err)
			}
		})
	}
}

func TestSocketPathStaysShort(t *testing.T) {
	d := Dir("/" + strings.Repeat("long/", 40))
	if p := d.Socket(); len(p) > 104 {
		t.Errorf("%d bytes: %s", len(p), p)
	}
}
