//go:build real && linux

package realnode

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/image"
)

func TestRealPods(t *testing.T) {
	requireRealNode(t)
	c := startCluster(t, t.TempDir(), "--image", whoamiImage(t))
	tests := map[string]func(*testing.T, *testCluster){
		"restricted Pod":     testRestricted,
		"exit code":          testExitCode,
		"out of memory":      testOutOfMemory,
		"unknown image":      testUnknownImage,
		"exec":               testExec,
		"deadline":           testDeadline,
		"API from Pod":       testAPIFromPod,
		"kubelet restart":    testRestart("kubelet"),
		"containerd restart": testRestart("containerd"),
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, &testCluster{t: t, dir: c.dir, up: c.up}) })
	}
}

func testRestricted(t *testing.T, c *testCluster) {
	c.kubectl("label", "--overwrite", "namespace", "default", "pod-security.kubernetes.io/enforce=restricted")
	defer c.kubectl("label", "namespace", "default", "pod-security.kubernetes.io/enforce-")
	c.apply(`{apiVersion: v1, kind: Pod, metadata: {name: restricted}, spec: {
		restartPolicy: Never, automountServiceAccountToken: false,
		securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}},
		containers: [{name: c, image: "busybox:latest", imagePullPolicy: IfNotPresent,
			command: [sh, -c, "echo Starting...; id -u; sleep 2; touch /tmp/x && echo Done!"],
			securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}}`)
	c.waitPhase("restricted", "Running")
	got := c.kubectl("logs", "-f", "restricted") // returns when the container ends
	if want := "Starting...\n65532\nDone!\n"; got != want {
		t.Errorf("kubectl logs -f shows %q, want %q", got, want)
	}
	c.waitPhase("restricted", "Succeeded")
}

func testExitCode(t *testing.T, c *testCluster) {
	c.apply(podYAML("seven", `terminationMessagePolicy: FallbackToLogsOnError, command: [sh, -c, "echo final output; exit 7"]`))
	end := c.waitPhase("seven", "Failed").ContainerStatuses[0].State.Terminated
	if end == nil || end.ExitCode != 7 || end.Message != "final output\n" {
		t.Errorf("the container terminated with %+v, want exit code 7 and its output", end)
	}
}

func testOutOfMemory(t *testing.T, c *testCluster) {
	c.apply(podYAML("oom", `command: [tail, /dev/zero], resources: {limits: {memory: 20Mi}}`))
	if end := c.waitPhase("oom", "Failed").ContainerStatuses[0].State.Terminated; end == nil || end.Reason != "OOMKilled" {
		t.Errorf("the container terminated with %+v, want OOMKilled", end)
	}
}

// The registry is a closed port of this machine: no request leaves it.
func testUnknownImage(_ *testing.T, c *testCluster) {
	c.kubectl("run", "unknown-image", "--restart=Never", "--image=localhost:1/nowhere:1")
	c.waitPod("unknown-image", "ErrImagePull", func(p podStatus) bool {
		if len(p.ContainerStatuses) == 0 || p.ContainerStatuses[0].State.Waiting == nil {
			return false
		}
		w := p.ContainerStatuses[0].State.Waiting
		return w.Reason == "ErrImagePull" && strings.Contains(w.Message, "connection refused")
	})
	c.kubectl("delete", "pod", "unknown-image", "--grace-period=0", "--force")
}

func testExec(t *testing.T, c *testCluster) {
	c.apply(podYAML("exec", `command: [sleep, "600"]`))
	c.waitPhase("exec", "Running")
	if got := c.kubectl("exec", "exec", "--", "cat", "/etc/hostname"); got != "exec\n" {
		t.Errorf("exec shows %q", got)
	}
	var exit *exec.ExitError
	err := c.command("kubectl", "exec", "exec", "--", "sh", "-c", "exit 3").Run()
	if !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("exec of exit 3 returned %v", err)
	}
	c.kubectl("delete", "pod", "exec", "--grace-period=1")
}

func testDeadline(t *testing.T, c *testCluster) {
	c.apply(strings.Replace(podYAML("deadline", `command: [sleep, "600"]`), "spec: {",
		"spec: {activeDeadlineSeconds: 2, terminationGracePeriodSeconds: 1, ", 1))
	if p := c.waitPhase("deadline", "Failed"); p.Reason != "DeadlineExceeded" {
		t.Errorf("the Pod failed with reason %q", p.Reason)
	}
}

// Covers --image and the service address.
func testAPIFromPod(t *testing.T, c *testCluster) {
	c.kubectl("run", "whoami", "--restart=Never", "--image=example.com/whoami:test")
	c.waitPhase("whoami", "Succeeded")
	if got := c.kubectl("logs", "whoami"); !strings.Contains(got, "system:serviceaccount:default:default") {
		t.Errorf("the API server identified the Pod as: %s", got)
	}
}

func testRestart(component string) func(*testing.T, *testCluster) {
	return func(t *testing.T, c *testCluster) {
		name := "outlives-" + component
		c.apply(podYAML(name, `command: [sh, -c, "while :; do echo beat; sleep 1; done"]`))
		c.waitPhase(name, "Running")
		c.run("kill", component)
		c.run("start", component)
		c.apply(podYAML("after-"+component, `command: ["true"]`))
		c.waitPhase("after-"+component, "Succeeded")
		if p := c.pod(name); p.Phase != "Running" || p.ContainerStatuses[0].RestartCount != 0 {
			t.Errorf("the Pod did not outlive %s: %+v", component, p)
		}
		c.kubectl("delete", "pod", name, "--grace-period=1")
	}
}

func podYAML(name, container string) string {
	return fmt.Sprintf(`{apiVersion: v1, kind: Pod, metadata: {name: %s}, spec: {restartPolicy: Never,
		containers: [{name: c, image: "busybox:latest", imagePullPolicy: IfNotPresent, %s}]}}`, name, container)
}

func whoamiImage(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "whoami")
	build := exec.Command("go", "build", "-o", program, "./testdata/whoami")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building whoami: %v\n%s", err, out)
	}
	tar := program + ".tar"
	if err := image.WriteProgram(tar, "example.com/whoami:test", program); err != nil {
		t.Fatal(err)
	}
	return tar
}
