//go:build real

package harness

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// LoadImage makes an image from this machine's static busybox, without a registry, and puts it into the real node. Its only file is
// /busybox.
func (c *Cluster) LoadImage(t *testing.T, name string, entrypoint ...string) {
	t.Helper()
	archive, err := packImage(name, entrypoint)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "image.tar")
	if err := os.WriteFile(file, archive, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(c.binary, "load", file, "--dir", c.Dir).CombinedOutput(); err != nil {
		t.Fatalf("devcluster load: %v: %s", err, out)
	}
}

type archived struct {
	name    string
	content []byte
}

// packImage returns a docker-archive with one layer.
func packImage(name string, entrypoint []string) ([]byte, error) {
	path, err := exec.LookPath("busybox")
	if err != nil {
		return nil, err
	}
	program, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	layer, err := packTar(archived{"busybox", program})
	if err != nil {
		return nil, err
	}
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux",
		"config": map[string]any{"Entrypoint": entrypoint},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{fmt.Sprintf("sha256:%x", sha256.Sum256(layer))}},
	})
	if err != nil {
		return nil, err
	}
	manifest, err := json.Marshal([]map[string]any{{"Config": "config.json", "RepoTags": []string{name}, "Layers": []string{"layer.tar"}}})
	if err != nil {
		return nil, err
	}
	return packTar(archived{"config.json", config}, archived{"layer.tar", layer}, archived{"manifest.json", manifest})
}

func packTar(files ...archived) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f.name, Mode: 0o755, Size: int64(len(f.content))}); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return out.Bytes(), err
}
