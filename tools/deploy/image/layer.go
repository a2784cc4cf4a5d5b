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

// layerOf packs files with the folders above them. Every time is the epoch and every owner root: the same files give the
// same bytes, and the process cannot change them.
func layerOf(files []file) (v1.Layer, error) {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	var made []string
	for _, f := range files {
		for _, dir := range above(f.name) {
			if slices.Contains(made, dir) {
				continue
			}
			made = append(made, dir)
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

// above lists the folders a file is in, the outermost first.
func above(name string) []string {
	var dirs []string
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		dirs = append(dirs, dir)
	}
	slices.Reverse(dirs)
	return dirs
}

// authorities are Mozilla's, from a module whose version is pinned: those of the building machine would be another image
// elsewhere. Those trusted under a condition are left out, since a file cannot say the condition.
func authorities() []byte {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // a buffer takes everything
	}
	return out.Bytes()
}

// mustBeStatic refuses what cannot start in an image without a C library, or not on that machine.
func mustBeStatic(binary []byte, arch string) error {
	program, err := elf.NewFile(bytes.NewReader(binary))
	if err != nil {
		return fmt.Errorf("not a program for Linux: %w", err)
	}
	for _, p := range program.Progs {
		if p.Type == elf.PT_INTERP {
			return errors.New("it needs a C library: compile it with CGO_ENABLED=0")
		}
	}
	machine := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}
	want, ok := machine[arch]
	if !ok {
		return fmt.Errorf("--arch %q: amd64 or arm64", arch)
	}
	if program.Machine != want {
		return fmt.Errorf("it is for %s, not for %s", strings.ToLower(strings.TrimPrefix(program.Machine.String(), "EM_")), arch)
	}
	return nil
}
