package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// codes are the failed findings by name, each with its code, and whether it says how to mend it.
func codes(findings []finding) map[string]string {
	got := make(map[string]string)
	for _, f := range findings {
		switch {
		case f.OK:
		case f.Mend == "" || f.Code == "":
			got[f.Name] = "says not how to mend it"
		default:
			got[f.Name] = f.Code
		}
	}
	return got
}

func TestJudgeRedis(t *testing.T) {
	now := time.UnixMilli(1756659802903)
	well := redis.Inspection{
		Version: "7.0.15", Role: "master", AOF: "1", Eviction: "noeviction", User: "default", Asked: true, Owner: "we", Ours: true, Grouped: true,
	}
	with := func(change func(*redis.Inspection)) redis.Inspection {
		in := well
		change(&in)
		return in
	}
	pending := func(age time.Duration) redis.Stats {
		return redis.Stats{Pending: 1, Oldest: event.ID{Ms: uint64(now.Add(-age).UnixMilli())}}
	}
	for name, test := range map[string]struct {
		in    redis.Inspection
		stats redis.Stats
		pre   bool
		want  map[string]string
	}{
		"well":              {well, pending(time.Minute), false, map[string]string{}},
		"nothing is told":   {redis.Inspection{Grouped: true}, redis.Stats{}, false, map[string]string{}},
		"old":               {with(func(in *redis.Inspection) { in.Version = "6.2.19" }), redis.Stats{}, false, map[string]string{"version": "OTTO601"}},
		"replica":           {with(func(in *redis.Inspection) { in.Role = "slave" }), redis.Stats{}, false, map[string]string{"role": "OTTO602"}},
		"memory only":       {with(func(in *redis.Inspection) { in.AOF = "0" }), redis.Stats{}, false, map[string]string{"persistence": "OTTO603"}},
		"evicts":            {with(func(in *redis.Inspection) { in.Eviction = "allkeys-lru" }), redis.Stats{}, false, map[string]string{"eviction": "OTTO604"}},
		"ACL":               {with(func(in *redis.Inspection) { in.Denied = []string{"XACK"} }), redis.Stats{}, false, map[string]string{"acl": "OTTO605"}},
		"another's":         {with(func(in *redis.Inspection) { in.Ours = false }), redis.Stats{}, false, map[string]string{"owner": "OTTO606"}},
		"no group":          {with(func(in *redis.Inspection) { in.Grouped = false }), redis.Stats{}, false, map[string]string{"group": "OTTO607"}},
		"no group, before":  {with(func(in *redis.Inspection) { in.Grouped, in.Owner = false, "" }), redis.Stats{}, true, map[string]string{}},
		"pending for hours": {well, pending(2 * time.Hour), false, map[string]string{"pending": "OTTO608"}},
	} {
		if diff := cmp.Diff(test.want, codes(judgeRedis(config.Redis{}, test.in, test.stats, test.pre, now))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// cluster is a prober that is made up.
type cluster struct {
	down, odd error
	denied    string // verb
	refused   string // template
	skew      time.Duration
}

func (c cluster) Version(context.Context) (string, error) { return "v1.37.2", c.down }
func (c cluster) Skew() time.Duration                     { return c.skew }
func (c cluster) May(_ context.Context, r k8s.Right) (bool, error) {
	return r.Verb != c.denied, c.odd
}

func (c cluster) Try(_ context.Context, template string) error {
	if c.odd == nil && c.denied == "create" {
		return fmt.Errorf("x: %w", worker.ErrForbidden)
	}
	if c.odd == nil && template == c.refused && template != "" {
		return fmt.Errorf("x: %w: exceeded quota", worker.ErrRefused)
	}
	return c.odd
}

func TestCheckCluster(t *testing.T) {
	for name, test := range map[string]struct {
		cluster cluster
		want    map[string]string
		checks  int
	}{
		"well":         {cluster{}, map[string]string{}, 1 + 10 + 2 + 1},
		"down":         {cluster{down: errors.New("connection refused")}, map[string]string{"kubernetes": "OTTO105"}, 1},
		"may not":      {cluster{denied: "watch"}, map[string]string{"right": "OTTO609"}, 14},
		"may not make": {cluster{denied: "create"}, map[string]string{"right": "OTTO609", "template": "OTTO609"}, 14},
		"quota":        {cluster{refused: "big"}, map[string]string{"template": "OTTO610"}, 14},
		"clock":        {cluster{skew: -time.Minute}, map[string]string{"clock": "OTTO611"}, 14},
		"odd answers":  {cluster{odd: errors.New("what")}, map[string]string{"right": "OTTO612", "template": "OTTO612"}, 14},
		"clock enough": {cluster{skew: 4 * time.Second}, map[string]string{}, 14},
	} {
		got := checkCluster(t.Context(), test.cluster, k8s.Rights("ci", "system", "system"), []string{"", "big"})
		if diff := cmp.Diff(test.want, codes(got)); diff != "" || len(got) != test.checks {
			t.Errorf("%s: %d findings (-want +got):\n%s", name, len(got), diff)
		}
	}
}

// TestRights: check asks for every right of the documents, where it is needed, and for none that is not.
func TestRights(t *testing.T) {
	pods := []string{"create pods -n ci", "delete pods -n ci", "get pods -n ci", "list pods -n ci", "watch pods -n ci"}
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
		for _, r := range rights(test.process, "ci") {
			got = append(got, r.String())
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestShowFindings(t *testing.T) {
	all := []finding{good("redis", "answers\x1b[2J"), bad("eviction", "Redis may throw records away", "maxmemory-policy is %s", "allkeys-lru")}
	var out bytes.Buffer
	if err := showFindings(&out, "table", all); err != nil {
		t.Fatal(err)
	}
	want := "✔ redis        answers [2J\n✖ eviction     OTTO604 Redis may throw records away: maxmemory-policy is allkeys-lru\n    mend: `redis-cli CONFIG SET maxmemory-policy noeviction`"
	if !strings.HasPrefix(out.String(), want) {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
	if err := failures(all); codeOf(err) != exitCheck || err.Error() != "1 of 2 checks failed" {
		t.Errorf("got %v", err)
	}
	if err := failures(all[:1]); err != nil {
		t.Errorf("got %v", err)
	}
}
