package main

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

type file struct {
	name    string
	mode    int64
	content []byte
}

// packLayer packs files and their parent folders. Every time is the epoch, so that the layer is reproducible, and every
// owner is root, so that the process cannot change its files.
func packLayer(files []file) (v1.Layer, error) {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	var created []string
	for _, f := range files {
		for _, dir := range parents(f.name) {
			if slices.Contains(created, dir) {
				continue
			}
			created = append(created, dir)
			if err := w.WriteHeader(header(dir+"/", 0o755, 0, tar.TypeDir)); err != nil {
				return nil, err
			}
		}
		if err := w.WriteHeader(header(f.name, f.mode, int64(len(f.content)), tar.TypeReg)); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(buf.Bytes())), nil })
}

func header(name string, mode, size int64, kind byte) *tar.Header {
	return &tar.Header{Name: name, Mode: mode, Size: size, Typeflag: kind, ModTime: time.Unix(0, 0), Format: tar.FormatPAX}
}

// parents lists the parent folders of a file, the outermost first.
func parents(name string) []string {
	var dirs []string
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		dirs = append(dirs, dir)
	}
	slices.Reverse(dirs)
	return dirs
}

// caCertificates are Mozilla's, from a module with a pinned version: those of the build machine would make the image
// irreproducible. Certificates with constraints are left out, because a PEM file cannot express them.
func caCertificates() []byte {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // writing to a buffer does not fail
	}
	return out.Bytes()
}

// checkStatic rejects a binary that needs a C library, which the image lacks, or that is for another architecture.
func checkStatic(binary []byte, arch string) error {
	program, err := elf.NewFile(bytes.NewReader(binary))
	if err != nil {
		return fmt.Errorf("not a Linux binary: %w", err)
	}
	for _, p := range program.Progs {
		if p.Type == elf.PT_INTERP {
			return errors.New("dynamically linked: compile it with CGO_ENABLED=0")
		}
	}
	machine := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}
	want, ok := machine[arch]
	if !ok {
		return fmt.Errorf("--arch %q: must be amd64 or arm64", arch)
	}
	if program.Machine != want {
		return fmt.Errorf("compiled for %s, not %s", strings.ToLower(strings.TrimPrefix(program.Machine.String(), "EM_")), arch)
	}
	return nil
}
