package realnode

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

func testSettings(t *testing.T, dir string) settings {
	t.Helper()
	l := mustLayout(t, dir)
	o := Options{ClientCAFile: dir + "/ca.crt", ServiceIP: "10.1.0.1", PodCIDR: "10.2.0.0/24", KubeletPort: 12345}
	return newSettings(l, o, "/usr/lib/cni", "overlayfs")
}

func render(t *testing.T, s settings, name string) []byte {
	t.Helper()
	raw, err := s.render(name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// A folder with a space and quotes must be escaped in every format.
const quotedDir = `/somewhere/a "dir"`

func TestKubeletConfig(t *testing.T) {
	s := testSettings(t, quotedDir)
	var got map[string]any
	if err := yaml.UnmarshalStrict(render(t, s, "kubelet.yaml"), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"kind":                     "KubeletConfiguration",
		"address":                  "127.0.0.1",
		"port":                     12345.0,
		"readOnlyPort":             0.0,
		"cgroupRoot":               s.Cgroup(),
		"podLogsDir":               quotedDir + "/node/pods",
		"containerRuntimeEndpoint": "unix://" + s.Socket(),
		"authentication": map[string]any{
			"anonymous": map[string]any{"enabled": false},
			"webhook":   map[string]any{"enabled": false},
			"x509":      map[string]any{"clientCAFile": quotedDir + "/ca.crt"},
		},
	}
	for key, value := range want {
		if diff := cmp.Diff(value, got[key]); diff != "" {
			t.Errorf("%s: %s", key, diff)
		}
	}
}

func TestCNIConfig(t *testing.T) {
	s := testSettings(t, quotedDir)
	var got struct {
		Name    string
		Plugins []struct {
			Type   string
			IPMasq bool
			IPAM   struct {
				DataDir string
				Ranges  [][]struct{ Subnet string }
			}
		}
	}
	if err := json.Unmarshal(render(t, s, "cni.json"), &got); err != nil {
		t.Fatal(err)
	}
	if got.Name != s.Network() || len(got.Plugins) != 1 || got.Plugins[0].IPMasq {
		t.Fatalf("got %+v, want one network %s without packet filter rules", got, s.Network())
	}
	if ipam := got.Plugins[0].IPAM; ipam.DataDir != s.CNIData() || ipam.Ranges[0][0].Subnet != "10.2.0.0/24" {
		t.Errorf("ipam is %+v", ipam)
	}
}

// Any default path would be shared with other instances of containerd.
func TestContainerdConfigIsIsolated(t *testing.T) {
	s := testSettings(t, "/somewhere")
	got := string(render(t, s, "containerd.toml"))
	for _, line := range []string{
		`root = "/somewhere/node/containerd"`,
		`state = "` + s.Run + `/containerd"`,
		`address = "` + s.Run + `/containerd.sock"`,
		`Root = "` + s.Run + `/runc"`,
		`conf_dir = "` + s.Run + `/cni"`,
		`netns_mounts_under_state_dir = true`,
		`restrict_oom_score_adj = true`,
	} {
		if !strings.Contains(got, line+"\n") {
			t.Errorf("containerd.toml lacks %s:\n%s", line, got)
		}
	}
}
