package cli

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func run(t *testing.T, args ...string) (out string, kubectl []string, err error) {
	t.Helper()
	var buf bytes.Buffer
	dir := filepath.Join(t.TempDir(), "none")
	env := Env{
		Args: args, Out: &buf, Err: &buf, In: strings.NewReader(""), Version: "v9.9.9",
		Lookup:  func(name string) (string, bool) { return dir, name == "DEVCLUSTER_DIR" },
		Kubectl: func(args []string) int { kubectl = args; return 3 },
	}
	err = Run(t.Context(), env)
	return buf.String(), kubectl, err
}

func TestErrors(t *testing.T) {
	tests := []struct {
		args string
		want string
	}{
		{"up --node podman", "want auto, containerd, kwok or none"},
		{"up --node kwok --nodes 0", "must be 1 to 5000"},
		{"up --node kwok --node-grace 1s", "at least 4s"},
		{"up extra", "unknown command"},
		{"kill", "one of etcd"},
		{"kill etcd", "devcluster up"},
		{"status", "devcluster up"},
		{"token", "devcluster up"},
		{"load", "one FILE"},
		{"load image.tar", "devcluster up"},
		{"kubeconfig", "devcluster up"},
		{"kubectl get pods", "devcluster up"},
		{"wait --timeout 1ms", "not ready after 1ms"},
		{"unknown", "unknown command"},
		{"up --unknown", "unknown flag"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			_, _, err := run(t, strings.Fields(tt.args)...)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestKubectlReceivesAllFlagsButDir(t *testing.T) {
	t.Setenv("KUBECONFIG", "") // restores the variable, which the command sets
	for _, args := range [][]string{
		{"kubectl", "--dir", "/nowhere", "version", "--client", "-o", "json"},
		{"kubectl", "--dir=/nowhere", "version", "--client", "-o", "json"},
		{"--dir", "/nowhere", "kubectl", "version", "--client", "-o", "json"},
	} {
		_, got, err := run(t, args...)
		if want := []string{"version", "--client", "-o", "json"}; !slices.Equal(got, want) {
			t.Errorf("%v: kubectl received %v", args, got)
		}
		if code, printErr := ExitCode(err); code != 3 || printErr {
			t.Errorf("%v: exit code %d, print the error: %v", args, code, printErr)
		}
	}
}

func TestEveryCommandHasAnExample(t *testing.T) {
	for _, c := range (&app{}).root().Commands() {
		if c.Example == "" || c.Short == "" {
			t.Errorf("%s has no example or no description", c.Name())
		}
	}
}

func TestVersion(t *testing.T) {
	if out, _, err := run(t, "version"); err != nil || !strings.Contains(out, "v9.9.9") {
		t.Errorf("%q, %v", out, err)
	}
}
