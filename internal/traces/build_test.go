package traces

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/tracecontext"
)

func testBuilder() builder {
	return builder{naming: tracecontext.Naming{Stream: stream}, group: "ottoscaler"}
}

func buildAll(b builder, o inspect.Origin, entries ...inspect.StatusEntry) (all []span) {
	for _, s := range entries {
		if e, ok := parseEntry(s); ok {
			all = append(all, b.build(e, o)...)
		}
	}
	return all
}

// lines are the spans as a tree: name, slot and attempt, times within the minute, and what failed.
func lines(spans []span) []string {
	names := map[tracecontext.SpanID]string{{0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31}: "producer", {}: "nothing"}
	for _, s := range spans {
		names[s.id] = s.name + of(&s)
	}
	var out []string
	for _, s := range spans {
		line := fmt.Sprintf("%s%s %s-%s below %s", s.name, of(&s), s.start.Format("05.000"), s.end.Format("05.000"), names[s.parent])
		if s.failed {
			line += ": " + s.message
		}
		out = append(out, line)
	}
	return out
}

func of(s *span) string {
	slot, attempt := "", ""
	for _, a := range s.attributes {
		switch a.name {
		case "ottoscaler.worker.index":
			slot = fmt.Sprint(a.number)
		case "ottoscaler.worker.attempt":
			attempt = fmt.Sprint(a.number)
		}
	}
	if slot == "" {
		return ""
	}
	return " " + slot + "/" + attempt
}

func TestTree(t *testing.T) {
	got := lines(buildAll(testBuilder(), origin(), history()...))
	want := []string{
		"wait 1/1 23.100-24.000 below process otto:scale:events",
		"attempt 1/1 24.000-40.000 below process otto:scale:events",
		"start 1/1 24.000-26.000 below attempt 1/1",
		"run 1/1 26.000-40.000 below attempt 1/1",
		"wait 2/1 23.100-23.100 below process otto:scale:events", // Kubernetes' second began before the event was accepted
		"attempt 2/1 23.100-40.500 below process otto:scale:events: retrying, Evicted",
		"start 2/1 23.100-40.500 below attempt 2/1: retrying, Evicted",
		"attempt 2/2 30.000-35.000 below process otto:scale:events: failed, Error, exit code 7",
		"start 2/2 30.000-31.000 below attempt 2/2",
		"run 2/2 31.000-35.000 below attempt 2/2: failed, Error, exit code 7",
		"wait 3/1 23.100-40.500 below process otto:scale:events",
		"process otto:scale:events 22.903-41.000 below producer: workers failed: 1, lost: 0",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// TestWorkerTraceparent: what the Main Pod told a worker is the span that is exported.
func TestWorkerTraceparent(t *testing.T) {
	n := tracecontext.Naming{Stream: stream}
	for _, parent := range []string{"", sent} {
		o := origin()
		o.Traceparent = parent
		told := n.Traceparent(tracecontext.Origin{EventID: up, Traceparent: parent}, 2, 2)
		found := false
		for _, s := range buildAll(testBuilder(), o, history()...) {
			if s.name == "attempt" && of(&s) == " 2/2" {
				c := tracecontext.Context{Trace: s.trace, Span: s.id, Flags: s.flags}
				found = c.String() == told
			}
		}
		if !found {
			t.Errorf("no attempt is %s", told)
		}
	}
}

func TestOtherEvents(t *testing.T) {
	at := []string{"at", "2025-08-31T17:03:24.000Z"}
	for name, c := range map[string]struct {
		entry  inspect.StatusEntry
		origin inspect.Origin
		want   string
	}{
		"rejected": {
			status("1-0", append(at, "kind", "rejected", "reason", "invalid_type", "code", "OTTO401")...),
			inspect.Origin{Type: "x"},
			"process otto:scale:events 22.903-24.000 below nothing: rejected, invalid_type",
		},
		"duplicate": {
			status("1-0", append(at, "kind", "duplicate", "duplicate_of", "5-0")...), origin(), "process otto:scale:events 22.903-24.000 below producer",
		},
		"a scale_down whose worker had failed": {
			status("1-0", append(at, "kind", "closed", "n_failed", "1")...),
			inspect.Origin{Type: "scale_down"},
			"process otto:scale:events 22.903-24.000 below nothing",
		},
		"nothing is known of it": {
			status("1-0", append(at, "kind", "closed", "n_lost", "1")...),
			inspect.Origin{},
			"process otto:scale:events 22.903-24.000 below nothing: workers failed: 0, lost: 1",
		},
		"an ID of the future": {
			status("1-0", append(at, "kind", "closed", "event_id", "99999999999999999-0")...),
			inspect.Origin{},
			"process otto:scale:events 24.000-24.000 below nothing",
		},
		"no time":        {status("1-0", "kind", "closed"), origin(), ""},
		"no event":       {status("1-0", append(at, "kind", "closed", "event_id", "x")...), origin(), ""},
		"no slot":        {workerStatus("1-0", "0", "1", "failed"), origin(), ""},
		"no attempt":     {workerStatus("1-0", "1", "-1", "failed"), origin(), ""},
		"a pause":        {status("1-0", append(at, "kind", "paused")...), origin(), ""},
		"a later kind":   {status("1-0", append(at, "kind", "preempted")...), origin(), ""},
		"not sampled":    {history()[8], inspect.Origin{Type: "scale_up", Traceparent: sent[:53] + "00"}, ""},
		"never created":  {workerStatus("1-0", "1", "2", "failed", "reason", "Refused"), origin(), "wait 1/2 40.500-40.500 below nobody: failed, Refused"},
		"trimmed before": {inspect.StatusEntry{ID: "1-0"}, origin(), ""},
	} {
		got := strings.Join(lines(buildAll(testBuilder(), c.origin, c.entry)), "; ")
		if want := strings.Replace(c.want, "below nobody", "below ", 1); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, want)
		}
	}
}

// TestRedelivery: in whatever order and however often entries come, by whomever they are read: the set of spans is the same.
func TestRedelivery(t *testing.T) {
	want := set(buildAll(testBuilder(), origin(), history()...))
	if len(want) != 12 {
		t.Fatalf("%d spans: %v", len(want), want)
	}
	rapid.Check(t, func(t *rapid.T) {
		entries := history()
		for range rapid.IntRange(0, 20).Draw(t, "again") {
			entries = append(entries, rapid.SampledFrom(entries).Draw(t, "entry"))
		}
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		r.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
		if d := cmp.Diff(want, set(buildAll(testBuilder(), origin(), entries...))); d != "" {
			t.Fatal(d)
		}
	})
}

// set are the different spans, with all that they say; two spans of one ID would be two.
func set(spans []span) []string {
	var all []string
	for _, s := range spans {
		all = append(all, fmt.Sprintf("%+v", s))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// TestHostileEntries: whatever the status stream has, spans begin before they end, below their parents, and are bounded.
func TestHostileEntries(t *testing.T) {
	names := []string{"kind", "state", "index", "attempt", "at", "created_at", "started_at", "ended_at", "pod", "reason", "exit_code", "task_id"}
	values := []string{
		"worker", "closed", "failed", "retrying", "1", "2", "99999999999", "-1", "2025-08-31T17:03:40.500Z", "2025-08-31T17:03:20Z", "9999-12-31T23:59:59Z",
		"0001-01-01T00:00:00Z", "x\x00\xff", strings.Repeat("long", 2000), "",
	}
	rapid.Check(t, func(t *rapid.T) {
		s := workerStatus("1-0", "1", "1", "failed", "pod", "p")
		for range rapid.IntRange(0, 6).Draw(t, "changes") {
			s.Fields[rapid.SampledFrom(names).Draw(t, "name")] = rapid.SampledFrom(values).Draw(t, "value")
		}
		for _, made := range buildAll(testBuilder(), origin(), s) {
			if made.start.After(made.end) || made.id == (tracecontext.SpanID{}) || nanos(made.start) > nanos(made.end) {
				t.Fatalf("%+v", made)
			}
			for _, a := range made.attributes {
				if len(a.text) > maxValue || strings.Contains(a.text, "\x00") {
					t.Fatalf("%+v", a)
				}
			}
		}
	})
}
