package realnode

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLayoutIsOfTheFolder(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	direct, linked, other := mustLayout(t, dir), mustLayout(t, link), mustLayout(t, dir+"x")
	if direct != linked {
		t.Errorf("one folder, two layouts: %+v and %+v", direct, linked)
	}
	if direct.ID == other.ID {
		t.Errorf("two folders, one ID: %s", direct.ID)
	}
}

func TestSocketPathIsShortWhateverTheFolder(t *testing.T) {
	l := mustLayout(t, "/"+strings.Repeat("long/", 40))
	if longest := l.Socket() + ".ttrpc"; len(longest) > 107 {
		t.Errorf("%s has %d bytes, a socket's path may have 107", longest, len(longest))
	}
}

func mustLayout(t *testing.T, dir string) layout {
	t.Helper()
	l, err := layoutOf(dir)
	if err != nil {
		t.Fatal(err)
	}
	return l
}
