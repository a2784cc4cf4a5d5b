package redis

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

var accepting = []worker.Write{worker.Accept{Event: sample, Hash: "h1", At: at}}

// refused checks that a Commit says so and that nothing but what was there is there.
func refused(t *testing.T, p *place, j *Journal, batch []worker.Write, want string) {
	t.Helper()
	before := p.dump(t)
	if err := j.Commit(t.Context(), batch); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
	if diff := cmp.Diff(before, p.dump(t)); diff != "" {
		t.Errorf("something was written:\n%s", diff)
	}
}

func testEmptyBatch(t *testing.T, p *place) {
	j := p.begun(t)
	for range 2 { // it may be asked again and again
		if err := j.Commit(t.Context(), nil); err != nil {
			t.Error(err)
		}
	}
	begin(t, p.journal())
	refused(t, p, j, nil, "another term has begun")
	p.do(t, "FLUSHALL")
	refused(t, p, j, nil, "Redis was emptied")
}

func testNoTerm(t *testing.T, p *place) {
	j := p.journal()
	refused(t, p, j, nil, "no term has begun")
	refused(t, p, j, accepting, "no term has begun")
}

func testFenced(t *testing.T, p *place) {
	p.do(t, "XADD", stream, theID.String(), "a", "b")
	old := p.begun(t)
	young := p.begun(t)
	refused(t, p, old, accepting, "another term has begun")
	if err := young.Commit(t.Context(), accepting); err != nil {
		t.Error(err)
	}
	if mark, known := begin(t, old); mark != theID || !known {
		t.Errorf("the mark %v, known %v", mark, known)
	}
	refused(t, p, young, accepting, "another term has begun")
}

func testEmptied(t *testing.T, p *place) {
	j := p.journal()
	if _, known := begin(t, j); known {
		t.Error("a term began here before there was one")
	}
	p.do(t, "FLUSHALL")
	refused(t, p, j, accepting, "Redis was emptied")
	if _, known := begin(t, j); known {
		t.Error("the emptied Redis knows a term")
	}
	if _, known := begin(t, p.journal()); !known {
		t.Error("the next term knows of none before")
	}
}

// testTouched: another term begins between the look and the EXEC.
func testTouched(t *testing.T, p *place) { touched(t, p, "SET", keysOf.Fence(), "other") }

func touched(t *testing.T, p *place, change ...any) {
	t.Helper()
	j := p.begun(t)
	err := j.fence.exec(t.Context(), func(pipe goredis.Pipeliner) error {
		p.do(t, change...)
		return j.queue(t.Context(), pipe, accepting, theID)
	})
	if !errors.Is(err, errTouched) {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff(map[string]any{}, p.dump(t)); diff != "" {
		t.Errorf("something was written:\n%s", diff)
	}
}

// testLostReply: what became of the batch is not known, so that nothing may follow it.
func testLostReply(t *testing.T, p *place) {
	j := p.begun(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.Commit(ctx, accepting); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	refused(t, p, j, accepting, "no term has begun")
	begin(t, j)
	if err := j.Commit(t.Context(), accepting); err != nil {
		t.Error(err)
	}
}

func testOwned(t *testing.T, p *place) {
	p.begun(t)
	cases := map[string]struct {
		change func(*JournalOptions)
		value  string // of the owner, if somebody changed it
		want   []string
	}{
		"another instance":  {func(o *JournalOptions) { o.Owner.Instance = "b" }, "", []string{`the installation "ci/ottoscaler"`, `group "ottoscaler"`, `lease "6fd2"`}},
		"another namespace": {func(o *JournalOptions) { o.Owner.Namespace = "b" }, "", []string{`"ci/ottoscaler"`}},
		"another lease":     {func(o *JournalOptions) { o.Owner.LeaseUID = "" }, "", []string{`lease "6fd2"`}},
		"another group":     {func(o *JournalOptions) { o.Group = "b" }, "", []string{`group "ottoscaler"`}},
		"not readable":      {func(*JournalOptions) {}, "rubbish", []string{"cannot be read", keysOf.Owner()}},
		"in other spelling": {func(*JournalOptions) {}, p.raw.Get(t.Context(), keysOf.Owner()).Val() + " ", []string{"cannot be read"}},
		"empty":             {func(*JournalOptions) {}, "{}", []string{"cannot be read"}},
		"endless":           {func(*JournalOptions) {}, strings.Repeat("x", 1<<20), []string{"1048576 bytes"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c.value != "" {
				defer p.do(t, "SET", keysOf.Owner(), p.raw.Get(t.Context(), keysOf.Owner()).Val())
				p.do(t, "SET", keysOf.Owner(), c.value)
			}
			o := journalOptions()
			c.change(&o)
			before := p.raw.Get(t.Context(), keysOf.Fence()).Val()
			j := NewJournal(p.client, o)
			_, _, err := j.Begin(t.Context())
			if _, is := errors.AsType[*OwnedError](err); !is {
				t.Fatalf("error %v", err)
			}
			for _, want := range append(c.want, "redis-cli DEL '{otto:scale:events}:owner'", stream) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if p.raw.Get(t.Context(), keysOf.Fence()).Val() != before {
				t.Error("it wrote a fence")
			}
			refused(t, p, j, accepting, "no term has begun")
		})
	}
	p.do(t, "DEL", keysOf.Owner()) // as the error says
	o := journalOptions()
	o.Owner.Instance = "b"
	begin(t, NewJournal(p.client, o))
	if _, _, err := p.journal().Begin(t.Context()); err == nil {
		t.Error("the first one takes the stream back")
	}
}

func testNoOwner(t *testing.T, p *place) {
	for name, owner := range map[string]Owner{
		"empty": {}, "no namespace": {Instance: "i"}, "no instance": {Namespace: "n"},
		"long": {Namespace: "n", Instance: strings.Repeat("i", maxOwner)}, "two lines": {Namespace: "n\n", Instance: "i"},
	} {
		o := journalOptions()
		o.Owner = owner
		if _, _, err := NewJournal(p.client, o).Begin(t.Context()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if keys := p.raw.Keys(t.Context(), "*").Val(); len(keys) > 0 {
		t.Errorf("it wrote %v", keys)
	}
}

func lastDelivered(t *testing.T, p *place) string {
	t.Helper()
	groups, err := p.raw.XInfoGroups(t.Context(), stream).Result()
	if err != nil || len(groups) != 1 || groups[0].Name != group {
		t.Fatalf("groups %v, %v", groups, err)
	}
	return groups[0].LastDeliveredID
}

func testBeginGroup(t *testing.T, p *place) {
	begin(t, p.journal())
	if got := lastDelivered(t, p); got != "0-0" && got != "0" { // miniredis keeps what it was told
		t.Errorf("without a mark the group begins at %s", got)
	}
	p.do(t, "XADD", stream, "5-1", "a", "b")
	p.do(t, "XADD", stream, "5-2", "a", "b")
	p.do(t, "SET", keysOf.Mark(), "5-1")
	p.do(t, "XGROUP", "DESTROY", stream, group)
	begin(t, p.journal())
	if got := lastDelivered(t, p); got != "5-1" {
		t.Errorf("the group begins at %s, want the mark", got)
	}
	read(t, p.source(), 1)
	begin(t, p.journal())
	if got := lastDelivered(t, p); got != "5-2" {
		t.Errorf("a group that is there was moved to %s", got)
	}
}

// testNewStream: the stream is gone, or another one that counts from below the mark.
func testNewStream(t *testing.T, p *place) {
	for name, prepare := range map[string]func(){
		"gone":   func() {},
		"lower":  func() { p.do(t, "XADD", stream, "4-1", "a", "b") },
		"listed": func() { p.do(t, "XADD", stream, "4-1", "a", "b"); p.do(t, "SET", keysOf.Mark(), "4-2") },
	} {
		p.do(t, "FLUSHALL")
		p.logged.Reset()
		p.do(t, "SET", keysOf.Mark(), "5-1")
		prepare()
		mark, _ := begin(t, p.journal())
		if got := lastDelivered(t, p); !mark.IsZero() || got != "0-0" && got != "0" {
			t.Errorf("%s: the mark %v, the group begins at %s", name, mark, got)
		}
		if p.raw.Exists(t.Context(), keysOf.Mark()).Val() != 0 || !strings.Contains(p.logged.String(), "the stream is a new one") {
			t.Errorf("%s: the mark is there still, or nothing was said: %s", name, p.logged)
		}
	}
}
