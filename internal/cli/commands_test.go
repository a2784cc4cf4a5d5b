package cli

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func TestFields(t *testing.T) {
	for name, test := range map[string]struct {
		kind  event.Type
		flags []string
		count string
		want  map[string]string
		says  string
	}{
		"least": {kind: event.ScaleUp, count: "3", want: map[string]string{"type": "scale_up", "pod_count": "3"}},
		"most": {
			kind: event.ScaleUp, flags: []string{"--task=t", "--key=k", "--template=big", "--deadline=90s", "--meta=a=b"}, count: "1",
			want: map[string]string{
				"type": "scale_up", "pod_count": "1", "task_id": "t", "idempotency_key": "k", "template": "big", "deadline_seconds": "90", "a": "b",
			},
		},
		"no count":    {kind: event.ScaleDown, count: "many", says: "pod_count"},
		"zero":        {kind: event.ScaleDown, count: "0", says: "pod_count"},
		"half second": {kind: event.ScaleUp, flags: []string{"--deadline=1500ms"}, count: "1", says: "--deadline"},
		"shadowing":   {kind: event.ScaleUp, flags: []string{"--meta=type=scale_down"}, count: "1", says: "--meta"},
		"bad task":    {kind: event.ScaleUp, flags: []string{"--task=a\nb"}, count: "1", says: "task_id"},
		"no template": {kind: event.ScaleDown, flags: []string{"--template=big"}, count: "1", says: "unknown flag"},
	} {
		o, c := newOrder(test.kind), &cobra.Command{}
		o.flags(c)
		err := c.ParseFlags(test.flags)
		var got map[string]string
		if err == nil {
			got, err = o.fields(test.count)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: got error %v, want one about %q", name, err, test.says)
		}
	}
}

// scripted tells a story in two parts.
type scripted struct{ before, after []redis.Said }

func (s *scripted) Story(context.Context, event.ID) ([]redis.Said, string, error) {
	return s.before, "1-0", nil
}

func (s *scripted) Follow(_ context.Context, _ event.ID, last string) ([]redis.Said, string, error) {
	if last != "1-0" {
		return nil, last, errors.New("it was told to the end")
	}
	return s.after, "2-0", nil
}

func TestFollow(t *testing.T) {
	end := func(failed, lost string) redis.Said {
		return said("kind", "closed", "n_succeeded", "1", "n_failed", failed, "n_cancelled", "0", "n_lost", lost)
	}
	accepted := said("kind", "accepted")
	for name, test := range map[string]struct {
		from *scripted
		code int
		last string
	}{
		"well":          {&scripted{[]redis.Said{accepted}, []redis.Said{end("0", "0")}}, 0, "closed 1 succeeded, 0 failed, 0 cancelled, 0 lost"},
		"told before":   {&scripted{[]redis.Said{accepted, end("0", "0")}, nil}, 0, "closed 1 succeeded, 0 failed, 0 cancelled, 0 lost"},
		"failed":        {&scripted{nil, []redis.Said{accepted, end("1", "0")}}, exitFailed, "closed 1 succeeded, 1 failed, 0 cancelled, 0 lost"},
		"lost":          {&scripted{nil, []redis.Said{end("0", "2")}}, exitFailed, "closed 1 succeeded, 0 failed, 0 cancelled, 2 lost"},
		"rejected":      {&scripted{nil, []redis.Said{said("kind", "rejected", "reason", "poison", "code", "OTTO536", "message", "m")}}, exitUsage, "rejected · poison · m · OTTO536"},
		"duplicate":     {&scripted{nil, []redis.Said{said("kind", "duplicate", "message", "m")}}, 0, "duplicate · m"},
		"no more to it": {&scripted{nil, []redis.Said{accepted}}, exitBroken, "accepted"},
	} {
		var out bytes.Buffer
		if got := codeOf(follow(t.Context(), test.from, theID, &out)); got != test.code {
			t.Errorf("%s: exit code %d, want %d", name, got, test.code)
		}
		all := strings.Split(strings.TrimSpace(out.String()), "\n")
		if got := all[len(all)-1]; got != "2025-08-31T17:03:22.943Z  "+test.last {
			t.Errorf("%s: the last line is %q, want %q", name, got, test.last)
		}
	}
}

// TestFollowStops: Ctrl-C ends the watching, and says how to go on.
func TestFollowStops(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var out bytes.Buffer
	err := follow(ctx, &scripted{[]redis.Said{said("kind", "accepted")}, nil}, theID, &out)
	if codeOf(err) != exitBroken || out.Len() > 0 || !strings.Contains(err.Error(), "the event goes on: ottoscaler explain "+theID.String()) {
		t.Errorf("it says %v, and shows %q", err, out.String())
	}
}

// TestLive: the table is drawn over itself, and what others wrote moves no cursor.
func TestLive(t *testing.T) {
	var out bytes.Buffer
	l := newLive(&out)
	for _, news := range [][]redis.Said{
		{said("kind", "accepted")},
		{said("kind", "worker", "index", "1", "worker", "w-1", "state", "created", "attempt", "1")},
		nil,
		{said("kind", "worker", "index", "1", "worker", "w-1", "state", "failed", "attempt", "1", "reason", "\x1b[2J", "code", "OTTO508", "exit_code", "7")},
	} {
		if err := l.show(news); err != nil {
			t.Fatal(err)
		}
	}
	want := "\x1b[?7laccepted\n" +
		"\x1b[?7h\x1b[1A\x1b[J\x1b[?7laccepted\nWORKER  STATE    ATTEMPT  NODE  REASON  CODE  EXIT\nw-1     created  1\n" +
		"\x1b[?7h\x1b[3A\x1b[J\x1b[?7laccepted\nWORKER  STATE   ATTEMPT  NODE  REASON  CODE     EXIT\nw-1     failed  1               [2J    OTTO508  7\n\x1b[?7h"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestMend(t *testing.T) {
	letter := func() map[string]string {
		return map[string]string{"type": "scale_up", "pod_count": "zero", "deadline_seconds": "x"}
	}
	fields := letter()
	if err := mend(fields, map[string]string{"pod_count": "3"}); err == nil || !strings.Contains(err.Error(), "deadline_seconds") {
		t.Errorf("half mended: %v", err)
	}
	fields = letter()
	if err := mend(fields, map[string]string{"pod_count": "3", "deadline_seconds": ""}); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(map[string]string{"type": "scale_up", "pod_count": "3"}, fields); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestView(t *testing.T) {
	now := theID.Time().Add(90 * time.Minute)
	settled := record(worker.StateRunning, worker.StateLost)
	settled.Settled = true
	closed := record("", "")
	closed.Closed, closed.Counts = true, worker.Counts{Succeeded: 1, Failed: 1}
	for name, test := range map[string]struct {
		rec  *worker.Record
		want eventView
	}{
		"waiting":  {record("", ""), eventView{Count: 2, State: "waiting", Waiting: 2}},
		"starting": {record("", worker.StateCreated), eventView{Count: 2, State: "starting", Waiting: 1, Running: 1}},
		"retrying": {record(worker.StateRetrying), eventView{Count: 1, State: "waiting", Waiting: 1}},
		"running":  {settled, eventView{Count: 2, State: "running", Running: 1, Done: 1, Failed: 1}},
		"closed":   {closed, eventView{Count: 2, State: "closed", Done: 2, Failed: 1}},
	} {
		test.want.Event, test.want.Type, test.want.Task, test.want.Template, test.want.Age = theID.String(), "scale_up", "task-123", "big", "1h30m"
		if diff := cmp.Diff(test.want, view(test.rec, now)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestOutput(t *testing.T) {
	v := []eventView{{Event: "5-1", Type: "scale_up", Count: 2}}
	for format, want := range map[output]string{
		"table": "EVENT  TYPE\n5-1    a b\n",
		"json":  "[\n  {\n    \"event_id\": \"5-1\",",
		"yaml":  "- age: \"\"\n",
	} {
		var out bytes.Buffer
		if err := format.print(&out, v, []string{"EVENT", "TYPE"}, [][]string{{"5-1", "a\nb"}}); err != nil || !strings.HasPrefix(out.String(), want) {
			t.Errorf("%s: %v, %q", format, err, out.String())
		}
	}
	strange := output("xml")
	if err := strange.print(&bytes.Buffer{}, v, nil, nil); codeOf(err) != exitUsage {
		t.Errorf("xml: %v", err)
	}
}

// TestUsage: what is wrong with the command line is exit code 2 and one line, before anything is asked.
func TestUsage(t *testing.T) {
	for _, args := range []string{"scale up", "scale sideways 3", "get pods", "get workers 1-1 2-2", "explain", "dead redrive", "frobnicate", "scale up 3 --frob"} {
		var out, err bytes.Buffer
		code := Main(t.Context(), "v1", strings.Fields(args), &out, &err)
		if code != exitUsage || strings.Count(err.String(), "\n") != 1 || out.Len() > 0 {
			t.Errorf("%s: exit code %d\n%s%s", args, code, out.String(), err.String())
		}
	}
}
