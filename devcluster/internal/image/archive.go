package image

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"
)

// entry is one file of the layer. A name that ends in "/" is a folder; one with a target is a symbolic link.
type entry struct {
	name     string
	mode     int64
	content  []byte
	target   string
	uid, gid int
}

// execConfig has the defaults of a container, with the field names of the image format.
type execConfig struct {
	User       string   `json:",omitempty"`
	Env        []string `json:",omitempty"`
	Entrypoint []string `json:",omitempty"`
	Cmd        []string `json:",omitempty"`
	WorkingDir string   `json:",omitempty"`
	StopSignal string   `json:",omitempty"`
}

type config struct {
	Architecture string     `json:"architecture"`
	OS           string     `json:"os"`
	Created      string     `json:"created"`
	Config       execConfig `json:"config"`
	RootFS       rootFS     `json:"rootfs"`
}

type rootFS struct {
	Type    string   `json:"type"`
	DiffIDs []string `json:"diff_ids"`
}

type manifest struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// writeArchive writes a docker-archive with one layer. It is reproducible: every time is the epoch.
func writeArchive(path, ref string, c execConfig, entries []entry) error {
	layer, err := packTar(entries)
	if err != nil {
		return fmt.Errorf("packing the layer of %s: %w", ref, err)
	}
	archive, err := packArchive(ref, c, layer)
	if err != nil {
		return fmt.Errorf("packing %s: %w", ref, err)
	}
	return os.WriteFile(path, archive, 0o644)
}

func packArchive(ref string, c execConfig, layer []byte) ([]byte, error) {
	layerSum := digest(layer)
	conf, err := json.Marshal(config{
		Architecture: runtime.GOARCH,
		OS:           "linux",
		Created:      time.Unix(0, 0).UTC().Format(time.RFC3339),
		Config:       c,
		RootFS:       rootFS{Type: "layers", DiffIDs: []string{"sha256:" + layerSum}},
	})
	if err != nil {
		return nil, err
	}
	confName, layerName := digest(conf)+".json", layerSum+".tar"
	man, err := json.Marshal([]manifest{{Config: confName, RepoTags: []string{ref}, Layers: []string{layerName}}})
	if err != nil {
		return nil, err
	}
	return packTar([]entry{
		{name: confName, mode: 0o644, content: conf},
		{name: layerName, mode: 0o644, content: layer},
		{name: "manifest.json", mode: 0o644, content: man},
	})
}

func packTar(entries []entry) ([]byte, error) {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, e := range entries {
		if err := w.WriteHeader(e.header()); err != nil {
			return nil, err
		}
		if _, err := io.Copy(w, bytes.NewReader(e.content)); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

func (e entry) header() *tar.Header {
	h := &tar.Header{
		Name: e.name, Mode: e.mode, Size: int64(len(e.content)), Linkname: e.target,
		Uid: e.uid, Gid: e.gid, ModTime: time.Unix(0, 0), Typeflag: tar.TypeReg, Format: tar.FormatPAX,
	}
	switch {
	case e.target != "":
		h.Typeflag = tar.TypeSymlink
	case e.name[len(e.name)-1] == '/':
		h.Typeflag = tar.TypeDir
	}
	return h
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
