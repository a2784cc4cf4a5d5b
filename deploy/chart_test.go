package deploy

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/k8s/leader"
)

func TestDefaults(t *testing.T) {
	want := []string{
		"ConfigMap/ottoscaler", "Deployment/ottoscaler", "Pod/ottoscaler-test", "Role/ottoscaler", "Role/ottoscaler-events",
		"Role/ottoscaler-leader", "RoleBinding/ottoscaler", "RoleBinding/ottoscaler-events", "RoleBinding/ottoscaler-leader",
		"Service/ottoscaler", "ServiceAccount/ottoscaler",
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(mustRender(t)))); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
}

func TestLint(t *testing.T) {
	for _, args := range [][]string{nil, {"--values", rich}, {"--values", "testdata/sentinel.yaml"}} {
		if _, err := helm(t, append([]string{"lint", "--strict", "chart"}, args...)...); err != nil {
			t.Error(err)
		}
	}
}

// rich enables every option.
const rich = "testdata/rich.yaml"

func TestEverythingOn(t *testing.T) {
	all := mustRender(t, "--values", rich)
	want := []string{
		"ClusterRole/otto-ottoscaler", "ClusterRole/otto-ottoscaler-gateway-reviews", "ClusterRoleBinding/otto-ottoscaler-gateway-reviews", "ConfigMap/ottoscaler", "ConfigMap/ottoscaler-dashboard", "ConfigMap/ottoscaler-queues", "ConfigMap/ottoscaler-templates",
		"Deployment/ottoscaler", "Deployment/ottoscaler-gateway", "LimitRange/otto-ottoscaler", "NetworkPolicy/ottoscaler", "NetworkPolicy/ottoscaler-gateway", "Pod/ottoscaler-test",
		"PodDisruptionBudget/ottoscaler", "PodMonitor/ottoscaler", "PrometheusRule/ottoscaler", "ResourceQuota/otto-ottoscaler", "Role/otto-ottoscaler-gateway", "Role/ottoscaler-events", "Role/ottoscaler-gateway-leader",
		"Role/ottoscaler-leader", "RoleBinding/otto-ottoscaler", "RoleBinding/otto-ottoscaler-gateway", "RoleBinding/ottoscaler-events", "RoleBinding/ottoscaler-gateway-leader", "RoleBinding/ottoscaler-leader",
		"Secret/ottoscaler-redis", "Service/ottoscaler", "Service/ottoscaler-gateway", "ServiceAccount/main", "ServiceAccount/ottoscaler-gateway", "ValidatingAdmissionPolicy/otto-ottoscaler",
		"ValidatingAdmissionPolicyBinding/otto-ottoscaler",
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(all))); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	// A ClusterRole that is bound in the workers' namespace only.
	if got := all["RoleBinding/otto-ottoscaler"].at("metadata", "namespace"); got != "builds" {
		t.Errorf("the permissions on Pods are bound in %v", got)
	}
	pod := []any{"spec", "template", "spec"}
	deployment := all["Deployment/ottoscaler"]
	if got := deployment.at(append(pod, "serviceAccountName")...); got != "main" {
		t.Errorf("it runs as %v", got)
	}
	if got := deployment.at(append(pod, "containers", 0, "env", 2, "value")...); got != "460MiB" {
		t.Errorf("GOMEMLIMIT is %v of 512Mi", got)
	}
}

// TestGatewayPermissions: a gateway reads Pods, their logs and one Lease; only with auth=kubernetes it asks for reviews.
func TestGatewayPermissions(t *testing.T) {
	all := mustRender(t, "--set", "gateway.enabled=true")
	want := []any{
		map[string]any{"apiGroups": []any{""}, "resources": []any{"pods"}, "verbs": []any{"get", "list", "watch"}},
		map[string]any{"apiGroups": []any{""}, "resources": []any{"pods/log"}, "verbs": []any{"get"}},
	}
	if diff := cmp.Diff(any(want), all["Role/ottoscaler-gateway"].at("rules")); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	for name := range all {
		if strings.HasPrefix(name, "ClusterRole") {
			t.Errorf("it has %s", name)
		}
	}
}

// The permissions are those that the end-to-end tests find in the audit log, and no more.
func TestPermissions(t *testing.T) {
	all := mustRender(t, "--set", "workers.namespace=builds")
	rules := map[string]any{
		"Role/otto-ottoscaler": []any{
			map[string]any{"apiGroups": []any{""}, "resources": []any{"pods"}, "verbs": []any{"create", "delete", "get", "list", "watch"}},
			map[string]any{"apiGroups": []any{""}, "resources": []any{"events"}, "verbs": []any{"list"}},
		},
		"Role/ottoscaler-events": []any{
			map[string]any{"apiGroups": []any{"events.k8s.io"}, "resources": []any{"events"}, "verbs": []any{"create", "patch"}},
		},
		"Role/ottoscaler-leader": []any{
			map[string]any{"apiGroups": []any{"coordination.k8s.io"}, "resources": []any{"leases"}, "verbs": []any{"create"}},
			map[string]any{
				"apiGroups": []any{"coordination.k8s.io"}, "resources": []any{"leases"}, "resourceNames": []any{"ottoscaler"},
				"verbs": []any{"get", "update"},
			},
		},
	}
	for role, want := range rules {
		if diff := cmp.Diff(want, all[role].at("rules")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", role, diff)
		}
	}
	if got := all["Role/ottoscaler-events"].at("metadata", "namespace"); got == "builds" {
		t.Errorf("the permissions on Events are in %v", got)
	}
	if got := all["Role/otto-ottoscaler"].at("metadata", "namespace"); got != "builds" {
		t.Errorf("the permissions on Pods are in %v", got)
	}
	if _, ok := mustRender(t, "--set", "leaderElection=false")["Role/ottoscaler-leader"]; ok {
		t.Error("permissions on Leases without leader election")
	}
}

// TestVariablesAreKnown: the product reads every variable that the chart sets.
func TestVariablesAreKnown(t *testing.T) {
	for _, args := range [][]string{nil, {"--values", rich}, {"--values", "testdata/sentinel.yaml"}} {
		data, ok := mustRender(t, args...)["ConfigMap/ottoscaler"].at("data").(map[string]any)
		if !ok || len(data) < 10 {
			t.Fatalf("the ConfigMap has %v", data)
		}
		environ := make(map[string]string, len(data))
		for name, value := range data {
			environ[name] = fmt.Sprint(value)
			if !slices.Contains(config.Names(), name) {
				t.Errorf("%v: the product has no variable %s", args, name)
			}
			if strings.HasPrefix(environ[name], "/etc/ottoscaler/") {
				delete(environ, name) // exists in the container only
			}
		}
		if environ["REDIS_TLS"] == "" || environ["REDIS_TLS"] == "true" {
			if _, err := config.Load(environ); err != nil {
				t.Errorf("%v: %v", args, err)
			}
		}
	}
}

// TestAgentCommand: a list arrives word by word; without one the variables are unset.
func TestAgentCommand(t *testing.T) {
	variables := func(args ...string) (command, arguments string) {
		data := mustRender(t, args...)["ConfigMap/ottoscaler"]
		return fmt.Sprint(data.at("data", "OTTO_AGENT_COMMAND")), fmt.Sprint(data.at("data", "OTTO_AGENT_ARGS"))
	}
	if command, arguments := variables(); command != "<nil>" || arguments != "<nil>" {
		t.Errorf("by default: %s and %s", command, arguments)
	}
	command, arguments := variables("--values", rich)
	cfg, err := config.Load(map[string]string{"OTTO_AGENT_COMMAND": command, "OTTO_AGENT_ARGS": arguments})
	if err != nil {
		t.Fatal(err)
	}
	want := config.Workers{AgentCommand: config.Words{"/agent", "run"}, AgentArgs: config.Words{"--task", "$(OTTO_TASK_ID)", "a \"b\" && <c>\n"}}
	got := config.Workers{AgentCommand: cfg.Workers.AgentCommand, AgentArgs: cfg.Workers.AgentArgs}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestStrategy(t *testing.T) {
	for election, want := range map[string]string{"true": "RollingUpdate", "false": "Recreate"} {
		deployment := mustRender(t, "--set", "leaderElection="+election)["Deployment/ottoscaler"]
		if got := deployment.at("spec", "strategy", "type"); got != want {
			t.Errorf("leaderElection=%s: %v, want %s", election, got, want)
		}
	}
}

// TestLeaseName: the permissions on the Lease are limited to its name.
func TestLeaseName(t *testing.T) {
	role := mustRender(t, "--set", "workers.instance=blue")["Role/ottoscaler-leader"]
	want := leader.LeaseName("blue", "otto:scale:events")
	if got := role.at("rules", 1, "resourceNames", 0); got != want {
		t.Errorf("the Lease is %v, want %s", got, want)
	}
}

func TestRefusals(t *testing.T) {
	cases := map[string][]string{
		"two without election": {"replicas", "--set", "replicas=2,leaderElection=false"},
		"a misspelled value":   {"replica", "--set", "replica=2"},
		"a port out of range":  {"/redis/port", "--set", "redis.port=70000"},
		"an unknown variable":  {"'PATH' does not match", "--set", "env.PATH=x"},
		"a variable set twice": {"REDIS_HOST has a value of its own", "--set", "env.REDIS_HOST=x"},
		"a volume of the host": {"/admissionPolicy/volumes", "--set", "admissionPolicy.volumes={hostPath}"},
		"too short to stop":    {"terminationGracePeriodSeconds", "--set", "terminationGracePeriodSeconds=5"},
		"a template's name":    {"'A_B' does not match", "--set", "workers.templates.A_B.spec.x=1"},
		"a field of queues":    {"additional properties 'queue'", "--set", "queues.version=1,queues.queue[0].name=web"},
		"queues of no version": {"/queues", "--set", "queues.aging=10m"},
		"a command as text":    {"/workers/command", "--set", "workers.command=run"},
		"a number as argument": {"/workers/args/0", "--set", "workers.args={1}"},
		"a digest":             {"/image/digest", "--set", "image.digest=sha256:1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := render(t, c[1:]...); err == nil || !strings.Contains(err.Error(), c[0]) {
				t.Errorf("error %v, want one about %s", err, c[0])
			}
		})
	}
}

// TestQueues: what the chart mounts is a queues file that the program takes.
func TestQueues(t *testing.T) {
	all := mustRender(t, "--values", rich)
	text, _ := all["ConfigMap/ottoscaler-queues"].at("data", "queues.yaml").(string)
	file := filepath.Join(t.TempDir(), "queues.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	policy, err := config.LoadQueues(file)
	if err != nil || policy.Queues["web"].MaxWaiting != 1_000_000 || policy.Templates["large"].Overrides.MilliCPU != 8000 {
		t.Errorf("%+v, %v\n%s", policy, err, text)
	}
	if got := all["ConfigMap/ottoscaler"].at("data", "OTTO_QUEUES_FILE"); got != "/etc/ottoscaler/queues/queues.yaml" {
		t.Errorf("OTTO_QUEUES_FILE is %v", got)
	}
}

// TestReloads: templates and queues are read again, so a change of them leaves the Main Pod as it is.
func TestReloads(t *testing.T) {
	pod := func(set string) any {
		return mustRender(t, "--values", rich, "--set", set)["Deployment/ottoscaler"].at("spec", "template")
	}
	if !cmp.Equal(pod("workers.templates.large.spec.hostname=x,queues.aging=5m"), pod("workers.templates.large.spec.hostname=y,queues.aging=6m")) {
		t.Error("the Pod changes with its templates and queues")
	}
}

// TestRestarts: changing a setting restarts the Main Pod; changing the password does not, since its file is read again.
func TestRestarts(t *testing.T) {
	pod := func(args ...string) any {
		return mustRender(t, append(args, "--set", "redis.existingSecret=s")...)["Deployment/ottoscaler"].at("spec", "template")
	}
	before := pod()
	for set, restart := range map[string]bool{
		"workers.max=7": true, "queues.version=1": true, "workers.templates.a.spec.hostname=x": true, "env.OTTO_FAILED_TTL=1h": true,
		"service.annotations.a=b": false, "replicas=3": false,
	} {
		if same := cmp.Equal(before, pod("--set", set)); same == restart {
			t.Errorf("--set %s: the Pod is the same: %v", set, same)
		}
	}
}
