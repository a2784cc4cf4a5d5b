package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/k8s/templates"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// failedCodes are the codes of the failed findings by name.
func failedCodes(findings []finding) map[string]string {
	got := make(map[string]string)
	for _, f := range findings {
		switch {
		case f.OK:
		case f.Fix == "" || f.Code == "":
			got[f.Name] = "no code or no fix"
		default:
			got[f.Name] = f.Code
		}
	}
	return got
}

func TestRedisFindings(t *testing.T) {
	now := time.UnixMilli(1756659802903)
	healthy := inspect.Inspection{
		Version: "7.0.15", Role: "master", AOF: "1", Eviction: "noeviction", User: "default", Asked: true, Owner: "we", Ours: true, Grouped: true,
	}
	with := func(change func(*inspect.Inspection)) inspect.Inspection {
		in := healthy
		change(&in)
		return in
	}
	pending := func(age time.Duration) inspect.Stats {
		return inspect.Stats{Pending: 1, Oldest: event.ID{Ms: uint64(now.Add(-age).UnixMilli())}}
	}
	for name, test := range map[string]struct {
		in    inspect.Inspection
		stats inspect.Stats
		pre   bool
		want  map[string]string
	}{
		"healthy":           {healthy, pending(time.Minute), false, map[string]string{}},
		"everything denied": {inspect.Inspection{Grouped: true}, inspect.Stats{}, false, map[string]string{}},
		"old":               {with(func(in *inspect.Inspection) { in.Version = "6.2.19" }), inspect.Stats{}, false, map[string]string{"version": "OTTO601"}},
		"replica":           {with(func(in *inspect.Inspection) { in.Role = "slave" }), inspect.Stats{}, false, map[string]string{"role": "OTTO602"}},
		"memory only":       {with(func(in *inspect.Inspection) { in.AOF = "0" }), inspect.Stats{}, false, map[string]string{"persistence": "OTTO603"}},
		"eviction":          {with(func(in *inspect.Inspection) { in.Eviction = "allkeys-lru" }), inspect.Stats{}, false, map[string]string{"eviction": "OTTO604"}},
		"ACL":               {with(func(in *inspect.Inspection) { in.Denied = []string{"XACK"} }), inspect.Stats{}, false, map[string]string{"acl": "OTTO605"}},
		"other owner":       {with(func(in *inspect.Inspection) { in.Ours = false }), inspect.Stats{}, false, map[string]string{"owner": "OTTO606"}},
		"no group":          {with(func(in *inspect.Inspection) { in.Grouped = false }), inspect.Stats{}, false, map[string]string{"group": "OTTO607"}},
		"no group, --pre":   {with(func(in *inspect.Inspection) { in.Grouped, in.Owner = false, "" }), inspect.Stats{}, true, map[string]string{}},
		"pending for hours": {healthy, pending(2 * time.Hour), false, map[string]string{"pending": "OTTO608"}},
	} {
		if diff := cmp.Diff(test.want, failedCodes(redisFindings(config.Redis{}, test.in, test.stats, test.pre, now))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// fakeCluster is a clusterChecker that fails as its fields say.
type fakeCluster struct {
	versionErr, otherErr error
	deniedVerb           string
	refusedTemplate      string
	skew                 time.Duration
}

func (c fakeCluster) Version(context.Context) (string, error) { return "v1.37.2", c.versionErr }
func (c fakeCluster) Skew() time.Duration                     { return c.skew }
func (c fakeCluster) CanI(_ context.Context, r k8s.Permission) (bool, error) {
	return r.Verb != c.deniedVerb, c.otherErr
}

func (c fakeCluster) DryRun(_ context.Context, template string) error {
	if c.otherErr == nil && c.deniedVerb == "create" {
		return fmt.Errorf("x: %w", worker.ErrForbidden)
	}
	if c.otherErr == nil && template == c.refusedTemplate && template != "" {
		return fmt.Errorf("x: %w: exceeded quota", worker.ErrRefused)
	}
	return c.otherErr
}

func TestClusterFindings(t *testing.T) {
	const checks = 1 + 11 + 2 + 1 // version, permissions, templates, clock
	for name, test := range map[string]struct {
		cluster fakeCluster
		want    map[string]string
		checks  int
	}{
		"healthy":       {fakeCluster{}, map[string]string{}, checks},
		"down":          {fakeCluster{versionErr: errors.New("connection refused")}, map[string]string{"kubernetes": "OTTO105"}, 1},
		"watch denied":  {fakeCluster{deniedVerb: "watch"}, map[string]string{"permission": "OTTO609"}, checks},
		"create denied": {fakeCluster{deniedVerb: "create"}, map[string]string{"permission": "OTTO609", "template": "OTTO609"}, checks},
		"quota":         {fakeCluster{refusedTemplate: "big"}, map[string]string{"template": "OTTO610"}, checks},
		"large skew":    {fakeCluster{skew: -time.Minute}, map[string]string{"clock": "OTTO611"}, checks},
		"small skew":    {fakeCluster{skew: 4 * time.Second}, map[string]string{}, checks},
		"other errors":  {fakeCluster{otherErr: errors.New("EOF")}, map[string]string{"permission": "OTTO612", "template": "OTTO612"}, checks},
	} {
		got := clusterFindings(t.Context(), test.cluster, k8s.Permissions("ci", "system", "system"), []string{"", "big"})
		if diff := cmp.Diff(test.want, failedCodes(got)); diff != "" || len(got) != test.checks {
			t.Errorf("%s: %d findings (-want +got):\n%s", name, len(got), diff)
		}
	}
}

// TestRequiredPermissions: check needs every documented permission in the namespace where it is used, and no other.
func TestRequiredPermissions(t *testing.T) {
	pods := []string{"create pods -n ci", "delete pods -n ci", "get pods -n ci", "list pods -n ci", "watch pods -n ci", "list events -n ci"}
	leases := func(in string) []string {
		l := "leases.coordination.k8s.io -n " + in
		return []string{"create " + l, "get " + l, "update " + l}
	}
	events := func(in string) []string {
		e := "events.events.k8s.io -n " + in
		return []string{"create " + e, "patch " + e}
	}
	for name, test := range map[string]struct {
		process config.Process
		want    []string
	}{
		"in one namespace": {config.Process{LeaderElect: true}, slices.Concat(pods, leases("ci"))},
		"in two":           {config.Process{LeaderElect: true, PodNamespace: "system"}, slices.Concat(pods, leases("system"))},
		"without election": {config.Process{PodNamespace: "system"}, pods},
		"a Pod":            {config.Process{PodName: "main-0", PodNamespace: "system"}, slices.Concat(pods, events("system"))},
		"of the chart": {
			config.Process{LeaderElect: true, Deployment: "main", PodNamespace: "system"},
			slices.Concat(pods, leases("system"), events("system")),
		},
	} {
		var got []string
		for _, r := range requiredPermissions(test.process, "ci") {
			got = append(got, r.String())
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestProgramFinding: check says whose program runs.
func TestProgramFinding(t *testing.T) {
	want := passed("program", "the built-in worker runs the entrypoint of my-agent:1")
	if diff := cmp.Diff(want, programFinding(config.Workers{AgentImage: "my-agent:1"})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestTemplateWarnings: a warning is told and fails nothing.
func TestTemplateWarnings(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"one": "spec: {containers: [{name: a, image: b}]}", "two": "spec: {containers: [{name: a, image: b}, {name: dind, image: d}]}",
	} {
		if err := os.WriteFile(filepath.Join(dir, name+".yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set, err := templates.Load(templates.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	got := templateWarnings(set)
	if len(got) != 1 || !got[0].OK || got[0].Code != "OTTO109" || got[0].Fix == "" || !strings.Contains(got[0].What, "two: warning: the containers are a, dind") {
		t.Errorf("got %+v", got)
	}
}

func TestPrintFindings(t *testing.T) {
	all := []finding{passed("redis", "answers\x1b[2J"), failed("eviction", errcode.RedisEvicts, "maxmemory-policy is %s", "allkeys-lru")}
	var out bytes.Buffer
	if err := printFindings(&out, "table", all); err != nil {
		t.Fatal(err)
	}
	e := errcode.RedisEvicts.Entry()
	want := "✔ redis        answers [2J\n✖ eviction     OTTO604 " + e.Message + ": maxmemory-policy is allkeys-lru\n    fix: " + e.Fix + "\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	out.Reset()
	if err := printFindings(&out, "json", all); err != nil || !strings.Contains(out.String(), `"fix": "`) {
		t.Errorf("as JSON: %v\n%s", err, out.String())
	}
	if err := checkStatus(all); exitCode(err) != exitCheck || err.Error() != "1 of 2 checks failed" {
		t.Errorf("one of two failed: got %v", err)
	}
	if err := checkStatus(all[:1]); err != nil {
		t.Errorf("all passed: got %v", err)
	}
}
