package control

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

var (
	pausedAt   = time.UnixMilli(1756659802903).UTC()
	unreadable = worker.Paused{By: "somebody unknown", Reason: "its record cannot be read"}
)

// TestLoad: who paused what is known; garbage pauses too, and moves no cursor; what is no queue's name does not.
func TestLoad(t *testing.T) {
	p := redistest.Mini(t)
	c := New(p.Client, redistest.Stream, p.Logger())
	if paused, applied, err := c.Load(t.Context()); err != nil || len(paused) != 0 || !applied.IsZero() {
		t.Errorf("without a pause: %v, %v, %v", paused, applied, err)
	}
	p.Do(t, "SET", p.Keys.ControlMark(), "7-3")
	p.Do(t, "HSET", p.Keys.Pause(),
		"*", `{"by":"kim","at":"2025-08-31T17:03:22.903Z","reason":"etcd upgrade"}`,
		"web", `{"by":"\u001b[2Jkim","reason":"`+strings.Repeat("x", 1000)+`"}`,
		"ml", "paused", "data", strings.Repeat(" ", maxPauseRecord)+"{}", strings.Repeat("q", maxName+1), "{}", "", "{}")
	paused, applied, err := c.Load(t.Context())
	want := map[string]worker.Paused{
		"*": {By: "kim", At: pausedAt, Reason: "etcd upgrade"}, "ml": unreadable, "data": unreadable,
		"web": {By: "[2Jkim", Reason: strings.Repeat("x", maxText)},
	}
	if diff := cmp.Diff(want, paused); diff != "" || err != nil || applied != (event.ID{Ms: 7, Seq: 3}) {
		t.Errorf("applied %v, %v (-want +got):\n%s", applied, err, diff)
	}
}

// TestLoadFails: with a broken mark all commands would be applied anew.
func TestLoadFails(t *testing.T) {
	for name, damage := range map[string]func(*redistest.Fixture){
		"last command":   func(p *redistest.Fixture) { p.Do(t, "SET", p.Keys.ControlMark(), "rubbish") },
		"what is paused": func(p *redistest.Fixture) { p.Do(t, "SET", p.Keys.Pause(), "rubbish") },
	} {
		p := redistest.Mini(t)
		damage(p)
		if _, _, err := New(p.Client, redistest.Stream, p.Logger()).Load(t.Context()); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want an error with %q", err, name)
		}
	}
}

// TestRead: commands come after the mark, in order; an invalid one is logged once and holds nobody up.
func TestRead(t *testing.T) {
	p := redistest.Mini(t)
	add := func(id string, pairs ...any) {
		p.Do(t, append([]any{"XADD", p.Keys.Control(), id}, pairs...)...)
	}
	add("1-0", "queue", "old", "on", "true")
	add("2-0", "queue", "web", "on", "true", "by", "k\x1bim", "reason", "a\nb")
	add("3-0", "queue", "we b", "on", "true")
	add("4-0", "queue", "web", "on", "perhaps")
	add("5-0", "nonsense", "x")
	add("6-0", "queue", worker.AllQueues, "on", "false", "by", "lee")
	add("7-0", "queue", "", "on", "true")
	c := New(p.Client, redistest.Stream, p.Logger())
	want := []worker.Command{
		{ID: event.ID{Ms: 2}, Queue: "web", On: true, By: "kim", Reason: "a b"}, {ID: event.ID{Ms: 6}, Queue: worker.AllQueues, By: "lee"},
	}
	got, err := c.Read(t.Context(), event.ID{Ms: 1})
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if got, err := c.Read(t.Context(), event.ID{Ms: 6}); err != nil || len(got) != 0 {
		t.Errorf("afterwards: %v, %v", got, err)
	}
	if n := strings.Count(p.Log.String(), "OTTO"); n != 4 {
		t.Errorf("%d lines, want one for each invalid command:\n%s", n, p.Log.String())
	}
}

// TestReadPages: more commands than a page are read with the mark of the page before.
func TestReadPages(t *testing.T) {
	p := redistest.Mini(t)
	for range pageSize + 1 {
		if _, err := Send(t.Context(), p.Client, redistest.Stream, worker.Command{Queue: "web", On: true}); err != nil {
			t.Fatal(err)
		}
	}
	c, last, sizes := New(p.Client, redistest.Stream, p.Logger()), event.ID{}, []int(nil)
	for range 3 {
		page, err := c.Read(t.Context(), last)
		if err != nil {
			t.Fatal(err)
		}
		if sizes = append(sizes, len(page)); len(page) > 0 {
			last = page[len(page)-1].ID
		}
	}
	if diff := cmp.Diff([]int{pageSize, 1, 0}, sizes); diff != "" {
		t.Error(diff)
	}
}
