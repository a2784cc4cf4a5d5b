package main

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

const tag = "registry.example/team/ottoscaler:1.2.0"

// writeELF writes a minimal ELF file with one segment of that type.
func writeELF(t *testing.T, machine elf.Machine, segment elf.ProgType) string {
	t.Helper()
	h := elf.Header64{
		Ident:   [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Machine: uint16(machine), Version: uint32(elf.EV_CURRENT), Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1, Shentsize: 64,
	}
	var b bytes.Buffer
	for _, part := range []any{h, elf.Prog64{Type: uint32(segment)}} {
		if err := binary.Write(&b, binary.LittleEndian, part); err != nil {
			t.Fatal(err)
		}
	}
	return writeFile(t, b.String())
}

func writeFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func pack(t *testing.T, change func(*options)) (string, v1.Hash, error) {
	t.Helper()
	o := options{
		binary: writeELF(t, elf.EM_X86_64, elf.PT_LOAD), tag: tag, version: "1.2.0", arch: "amd64",
		out: filepath.Join(t.TempDir(), "image.tar"),
	}
	change(&o)
	digest, err := run(o)
	return o.out, digest, err
}

func unchanged(*options) {}

func readImage(t *testing.T, archive string) v1.Image {
	t.Helper()
	ref, err := name.NewTag(tag)
	if err != nil {
		t.Fatal(err)
	}
	image, err := tarball.ImageFromPath(archive, &ref)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func TestBuildIsReproducible(t *testing.T) {
	first, digest, err := pack(t, unchanged)
	if err != nil {
		t.Fatal(err)
	}
	second, again, err := pack(t, unchanged)
	if err != nil {
		t.Fatal(err)
	}
	if digest != again {
		t.Errorf("different digests: %v and %v", digest, again)
	}
	a, errA := os.ReadFile(first)
	b, errB := os.ReadFile(second)
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Error("different archives")
	}
	if _, other, err := pack(t, func(o *options) { o.version = "1.2.1" }); err != nil || other == digest {
		t.Errorf("another version has digest %v, error %v", other, err)
	}
}

// The image contains the binary and the certificates, owned by root and read-only, and runs as non-root.
func TestImageContents(t *testing.T) {
	archive, _, err := pack(t, unchanged)
	if err != nil {
		t.Fatal(err)
	}
	image := readImage(t, archive)
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.Config.User != "65532:65532" || !cmp.Equal(config.Config.Entrypoint, []string{"/ottoscaler"}) {
		t.Errorf("entrypoint %v, user %q", config.Config.Entrypoint, config.Config.User)
	}
	if config.Architecture != "amd64" || config.OS != "linux" || config.Created.Unix() != 0 {
		t.Errorf("platform %s/%s, created %v", config.OS, config.Architecture, config.Created)
	}
	files, pem := contents(t, image)
	want := map[string]int64{
		"etc": 0o755, "etc/ssl": 0o755, "etc/ssl/certs": 0o755, "etc/ssl/certs/ca-certificates.crt": 0o644, "ottoscaler": 0o755,
	}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Errorf("files and modes (-want +got):\n%s", diff)
	}
	pool := x509.NewCertPool()
	if n := strings.Count(pem, "BEGIN CERTIFICATE"); !pool.AppendCertsFromPEM([]byte(pem)) || n < 100 {
		t.Errorf("%d certificates", n)
	}
}

func contents(t *testing.T, image v1.Image) (modes map[string]int64, certificates string) {
	t.Helper()
	modes = make(map[string]int64)
	all := mutate.Extract(image)
	defer func() { _ = all.Close() }()
	for r := tar.NewReader(all); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return modes, certificates
		}
		if err != nil {
			t.Fatal(err)
		}
		modes[h.Name] = h.Mode
		if h.Uid != 0 || h.Gid != 0 || h.ModTime.Unix() != 0 {
			t.Errorf("%s has owner %d:%d and time %v", h.Name, h.Uid, h.Gid, h.ModTime)
		}
		if strings.HasSuffix(h.Name, ".crt") {
			b, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			certificates = string(b)
		}
	}
}

func TestInvalidOptions(t *testing.T) {
	text := writeFile(t, "#!/bin/sh\n")
	dynamic := writeELF(t, elf.EM_X86_64, elf.PT_INTERP)
	cases := map[string]struct {
		change func(*options)
		want   string
	}{
		"script":                {func(o *options) { o.binary = text }, "not a Linux binary"},
		"dynamic binary":        {func(o *options) { o.binary = dynamic }, "dynamically linked"},
		"missing file":          {func(o *options) { o.binary = text + "x" }, "no such file"},
		"other architecture":    {func(o *options) { o.arch = "arm64" }, "compiled for x86_64, not arm64"},
		"unknown architecture":  {func(o *options) { o.arch = "vax" }, `--arch "vax"`},
		"invalid tag":           {func(o *options) { o.tag = "a b" }, "--tag"},
		"missing output folder": {func(o *options) { o.out = filepath.Join(text, "x") }, "writing"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if _, _, err := pack(t, c.change); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}
