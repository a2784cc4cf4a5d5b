package image

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestArchiveIsReproducible(t *testing.T) {
	write := func() []byte {
		file := filepath.Join(t.TempDir(), "image.tar")
		err := writeArchive(file, "localhost/x:1", execConfig{Cmd: []string{"sh"}}, pauseLayer([]byte("ELF")))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	if !bytes.Equal(write(), write()) {
		t.Error("the same image has different bytes")
	}
}

// containerd follows and verifies the references manifest -> config -> layer.
func TestArchiveLayout(t *testing.T) {
	layer, err := packTar(pauseLayer([]byte("ELF")))
	if err != nil {
		t.Fatal(err)
	}
	archive, err := packArchive("localhost/x:1", execConfig{Entrypoint: []string{"/bin/sh"}}, layer)
	if err != nil {
		t.Fatal(err)
	}
	files := unpack(t, archive)

	var manifests []manifest
	decode(t, files["manifest.json"].content, &manifests)
	if len(manifests) != 1 || len(manifests[0].Layers) != 1 {
		t.Fatalf("manifest.json has %+v, want one image with one layer", manifests)
	}
	m := manifests[0]
	if diff := cmp.Diff([]string{"localhost/x:1"}, m.RepoTags); diff != "" {
		t.Error(diff)
	}
	if m.Config != digest(files[m.Config].content)+".json" {
		t.Errorf("config name %s is not its digest", m.Config)
	}
	var c config
	decode(t, files[m.Config].content, &c)
	want := []string{"sha256:" + digest(files[m.Layers[0]].content)}
	if diff := cmp.Diff(want, c.RootFS.DiffIDs); diff != "" {
		t.Errorf("diff_ids: %s", diff)
	}
	if c.OS != "linux" || c.Config.Entrypoint[0] != "/bin/sh" {
		t.Errorf("config is %+v", c)
	}
}

func TestBusyboxLayerSupportsNonRoot(t *testing.T) {
	raw, err := packTar(busyboxLayer([]byte("ELF"), []string{"busybox", "sh"}))
	if err != nil {
		t.Fatal(err)
	}
	files := unpack(t, raw)
	for name, want := range map[string]entry{
		"bin/busybox":   {mode: 0o755, content: []byte("ELF")},
		"bin/sh":        {mode: 0o777, target: "busybox"},
		"usr/bin":       {mode: 0o777, target: "../bin"},
		"tmp/":          {mode: 0o1777},
		"home/nonroot/": {mode: 0o700, uid: nonroot, gid: nonroot},
		"etc/passwd":    {mode: 0o644, content: []byte(users)},
	} {
		want.name = name
		if diff := cmp.Diff(want, files[name], cmp.AllowUnexported(entry{})); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestWrite(t *testing.T) {
	if _, err := FindBusybox(); err != nil {
		t.Skip("no static busybox on this machine: ", err)
	}
	for name, write := range map[string]func(string) error{BusyboxRef: WriteBusybox, PauseRef: WritePause} {
		file := filepath.Join(t.TempDir(), "image.tar")
		if err := write(file); err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var manifests []manifest
		decode(t, unpack(t, raw)["manifest.json"].content, &manifests)
		if diff := cmp.Diff([]string{name}, manifests[0].RepoTags); diff != "" {
			t.Error(diff)
		}
	}
}

func unpack(t *testing.T, archive []byte) map[string]entry {
	t.Helper()
	files := map[string]entry{}
	r := tar.NewReader(bytes.NewReader(archive))
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		e := entry{name: h.Name, mode: h.Mode, target: h.Linkname, uid: h.Uid, gid: h.Gid}
		if len(content) > 0 {
			e.content = content
		}
		files[h.Name] = e
	}
}

func decode(t *testing.T, raw []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("decoding %q: %v", raw, err)
	}
}
