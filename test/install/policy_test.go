//go:build real

package install

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/ottoscaler/ottoscaler/test/harness"
)

// worker is a Pod that the policy admits.
const worker = `apiVersion: v1
kind: Pod
metadata:
  name: otto-agent-1-1-0
  labels: {managed-by: ottoscaler, ottoscaler.io/instance: ottoscaler}
spec:
  restartPolicy: Never
  securityContext: {runAsNonRoot: true, runAsUser: 65532}
  volumes: [{name: scratch, emptyDir: {}}]
  containers:
  - name: agent
    image: busybox:latest
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
`

// checkPolicy tries, with the Main Pod's token, what an attacker would.
func checkPolicy(t *testing.T, s *harness.Stack) {
	t.Helper()
	// Else Pod Security refuses most of them before the policy.
	s.Kubectl("label", "namespace", s.Namespace, "pod-security.kubernetes.io/enforce=privileged", "--overwrite")
	s.Kubectl("create", "serviceaccount", "builder", "-n", s.Namespace)
	kubeconfig := s.AccountKubeconfig()
	cases := map[string]struct{ from, to, want string }{
		"a worker":             {"", "", ""},
		"privileged":           {"allowPrivilegeEscalation: false", "privileged: true", "have no privileges"},
		"escalation":           {"allowPrivilegeEscalation: false, ", "", "have no privileges"},
		"capabilities kept":    {"drop: [ALL]", "drop: [NET_RAW]", "drop all capabilities"},
		"capabilities added":   {"drop: [ALL]", "drop: [ALL], add: [SYS_ADMIN]", "drop all capabilities"},
		"root":                 {"runAsNonRoot: true, runAsUser: 65532", "runAsNonRoot: false, runAsUser: 0", "do not run as root"},
		"the host's network":   {"restartPolicy: Never", "restartPolicy: Never\n  hostNetwork: true", "nothing of the host's"},
		"the host's processes": {"restartPolicy: Never", "restartPolicy: Never\n  hostPID: true", "nothing of the host's"},
		"the host's files":     {"emptyDir: {}", "hostPath: {path: /}", "volumes are of these kinds"},
		"another account":      {"restartPolicy: Never", "restartPolicy: Never\n  serviceAccountName: builder", "ServiceAccounts: default"},
		"another image":        {"busybox:latest", "miner:latest", "images begin with"},
		"an init container":    {"  containers:", "  initContainers: [{name: a, image: busybox}]\n  containers:", "have no privileges"},
		"on a node of choice":  {"restartPolicy: Never", "restartPolicy: Never\n  nodeName: localhost", "where the scheduler says"},
		"again and again":      {"restartPolicy: Never", "restartPolicy: Always", "runs once"},
		"another name":         {"otto-agent-1-1-0", "web-0", "not a worker"},
		"another's label":      {"ottoscaler.io/instance: ottoscaler", "ottoscaler.io/instance: blue", "not a worker"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			pod := strings.Replace(worker, c.from, c.to, 1)
			if pod == worker && c.want != "" {
				t.Fatal("the case changes nothing")
			}
			err := create(t, s, kubeconfig, pod)
			if c.want == "" && err != "" || !strings.Contains(err, c.want) || c.want != "" && !strings.Contains(err, "ValidatingAdmissionPolicy") {
				t.Errorf("got %q, want %q", err, c.want)
			}
		})
	}
	// The policy applies only to the product's account.
	if err := create(t, s, cluster.Kubeconfig, strings.Replace(worker, "otto-agent-1-1-0", "web-0", 1)); err != "" {
		t.Errorf("the admin is refused: %s", err)
	}
}

// create dry-runs a Pod and returns why it was refused.
func create(t *testing.T, s *harness.Stack, kubeconfig, pod string) string {
	t.Helper()
	if err := yaml.Unmarshal([]byte(pod), &map[string]any{}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "pod.yaml")
	if err := os.WriteFile(file, []byte(pod), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(os.Getenv("DEVCLUSTER"), "kubectl", "--kubeconfig", kubeconfig, "create", "--dry-run=server", "--validate=false",
		"-n", s.Namespace, "-f", file).CombinedOutput()
	if err == nil {
		return ""
	}
	return string(out)
}
