package realnode

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"text/template"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/image"
)

//go:embed templates
var templates embed.FS

// settings are the data of the templates.
type settings struct {
	layout
	Options
	Pause       string
	CNIBin      string
	Snapshotter string
}

func newSettings(l layout, o Options, cniBin, snapshotter string) settings {
	return settings{layout: l, Options: o, Pause: image.PauseRef, CNIBin: cniBin, Snapshotter: snapshotter}
}

// writeConfigs writes the configuration of containerd, CNI and the kubelet.
func (s settings) writeConfigs() error {
	files := map[string]string{
		"containerd.toml": s.ContainerdConfig(),
		"cni.json":        s.CNIConf() + "/10-devcluster.conflist",
		"kubelet.yaml":    s.KubeletConfig(),
	}
	for name, file := range files {
		content, err := s.render(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(file, content, 0o600); err != nil {
			return fmt.Errorf("configuring the node: %w", err)
		}
	}
	return os.WriteFile(s.ResolvConf(), []byte("nameserver "+s.ServiceIP+"\n"), 0o644)
}

func (s settings) render(name string) ([]byte, error) {
	t, err := template.New(name).Funcs(template.FuncMap{"quote": quote}).ParseFS(templates, "templates/"+name)
	if err != nil {
		return nil, fmt.Errorf("parsing %s: %w", name, err)
	}
	var buf bytes.Buffer
	if err := t.Execute(&buf, s); err != nil {
		return nil, fmt.Errorf("rendering %s: %w", name, err)
	}
	return buf.Bytes(), nil
}

// quote encodes a JSON string, which is valid in TOML and YAML too.
func quote(s string) (string, error) {
	raw, err := json.Marshal(s)
	return string(raw), err
}
