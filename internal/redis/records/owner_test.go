package records

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
)

func testOwned(t *testing.T, p *redistest.Fixture) {
	begun(t, p)
	cases := map[string]struct {
		change func(*Options)
		value  string // of the owner; empty: unchanged
		want   []string
	}{
		"another instance":  {func(o *Options) { o.Owner.Instance = "b" }, "", []string{`the installation "ci/ottoscaler"`, `group "ottoscaler"`, `lease "6fd2"`}},
		"another namespace": {func(o *Options) { o.Owner.Namespace = "b" }, "", []string{`"ci/ottoscaler"`}},
		"another lease":     {func(o *Options) { o.Owner.LeaseUID = "" }, "", []string{`lease "6fd2"`}},
		"another group":     {func(o *Options) { o.Group = "b" }, "", []string{`group "ottoscaler"`}},
		"not readable":      {func(*Options) {}, "rubbish", []string{"unreadable", keysOf.Owner()}},
		"in other spelling": {func(*Options) {}, p.Raw.Get(t.Context(), keysOf.Owner()).Val() + " ", []string{"unreadable"}},
		"empty":             {func(*Options) {}, "{}", []string{"unreadable"}},
		"endless":           {func(*Options) {}, strings.Repeat("x", 1<<20), []string{"1048576 bytes"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c.value != "" {
				defer p.Do(t, "SET", keysOf.Owner(), p.Raw.Get(t.Context(), keysOf.Owner()).Val())
				p.Do(t, "SET", keysOf.Owner(), c.value)
			}
			o := options()
			c.change(&o)
			before := p.Raw.Get(t.Context(), keysOf.Fence()).Val()
			j := New(p.Client, o)
			_, err := j.Begin(t.Context())
			if _, is := errors.AsType[*OwnedError](err); !is {
				t.Fatalf("error %v", err)
			}
			for _, want := range append(c.want, "redis-cli DEL '{otto:scale:events}:owner'", stream) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if p.Raw.Get(t.Context(), keysOf.Fence()).Val() != before {
				t.Error("a fence was written")
			}
			refused(t, p, j, accepting, "no term has begun")
		})
	}
	p.Do(t, "DEL", keysOf.Owner()) // as the error says
	o := options()
	o.Owner.Instance = "b"
	begin(t, New(p.Client, o))
	if _, err := newJournal(p).Begin(t.Context()); err == nil {
		t.Error("the first one still owns the stream")
	}
}

func testNoOwner(t *testing.T, p *redistest.Fixture) {
	for name, owner := range map[string]Owner{
		"empty": {}, "no namespace": {Instance: "i"}, "no instance": {Namespace: "n"},
		"long": {Namespace: "n", Instance: strings.Repeat("i", maxOwner)}, "two lines": {Namespace: "n\n", Instance: "i"},
	} {
		o := options()
		o.Owner = owner
		if _, err := New(p.Client, o).Begin(t.Context()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if keys := p.Raw.Keys(t.Context(), "*").Val(); len(keys) > 0 {
		t.Errorf("keys were written: %v", keys)
	}
}

func TestOwnerRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(0, 40, 100)
		want := owner{text.Draw(t, "group"), text.Draw(t, "namespace"), text.Draw(t, "instance"), text.Draw(t, "lease")}
		value, err := want.encode()
		if err != nil {
			return
		}
		if got, err := decodeOwner(value); err != nil || got != want {
			t.Fatalf("%q came back as %+v, %v", value, got, err)
		}
	})
}
