package realnode

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLayoutDependsOnResolvedPath(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	direct, linked, other := mustLayout(t, dir), mustLayout(t, link), mustLayout(t, dir+"x")
	if direct != linked {
		t.Errorf("same folder, different layouts: %+v and %+v", direct, linked)
	}
	if direct.ID == other.ID {
		t.Errorf("different folders, same ID: %s", direct.ID)
	}
}

func TestSocketPathsAreShort(t *testing.T) {
	l := mustLayout(t, "/"+strings.Repeat("long/", 40))
	for _, socket := range []string{l.Socket() + ".ttrpc", l.KubeletRoot() + "/pod-resources/1234567890"} {
		if len(socket) > 107 {
			t.Errorf("%s has %d bytes, the limit of a socket path is 107", socket, len(socket))
		}
	}
}

func mustLayout(t *testing.T, dir string) layout {
	t.Helper()
	l, err := newLayout(dir)
	if err != nil {
		t.Fatal(err)
	}
	return l
}
