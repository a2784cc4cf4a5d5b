package worker

import (
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// TestIntakeForget: a refused entry, or a key, is forgotten when the first batch that came after its commit is decided. A
// batch that was read before the commit may still repeat it.
func TestIntakeForget(t *testing.T) {
	id := event.ID{Ms: 1}
	refuse := func(in *intake) { in.refuse(id) }
	commit := func(in *intake) { in.refusalCommitted(id) }
	push := func(in *intake) { in.push([]Entry{{ID: event.ID{Ms: 2}}}) }
	decide := func(in *intake) { in.forget() }
	for name, c := range map[string]struct {
		do   []func(*intake)
		kept bool
	}{
		"not committed":                    {[]func(*intake){refuse, push, decide}, true},
		"no batch since the commit":        {[]func(*intake){refuse, commit, decide}, true},
		"the next batch is not decided":    {[]func(*intake){refuse, commit, push}, true},
		"the next batch is decided":        {[]func(*intake){refuse, commit, push, decide}, false},
		"committed during the next batch":  {[]func(*intake){refuse, push, commit, decide}, true},
		"and the batch after the next":     {[]func(*intake){refuse, push, commit, decide, push, decide}, false},
		"two batches decided as one":       {[]func(*intake){refuse, push, commit, push, decide}, true},
		"refused again, one not committed": {[]func(*intake){refuse, commit, refuse, push, decide}, true},
		"refused again, both committed":    {[]func(*intake){refuse, commit, refuse, push, decide, commit, push, decide}, false},
	} {
		t.Run(name, func(t *testing.T) {
			in := newIntake()
			for _, do := range c.do {
				do(&in)
			}
			if kept := in.refusals[id] != nil; kept != c.kept {
				t.Errorf("kept %v, want %v", kept, c.kept)
			}
		})
	}
}

// TestIntakeForgetsKeys: a key is forgotten with its owner, unless another event owns it since.
func TestIntakeForgetsKeys(t *testing.T) {
	first, second := event.ID{Ms: 1}, event.ID{Ms: 2}
	for name, c := range map[string]struct {
		owner event.ID
		kept  bool
	}{"its owner expires": {first, false}, "another owner": {second, true}} {
		t.Run(name, func(t *testing.T) {
			in := newIntake()
			in.keys["k"] = keyOwner{event: c.owner}
			in.expiring = []expiring{{id: first, key: "k"}}
			in.push(nil)
			in.forget()
			if _, kept := in.keys["k"]; kept != c.kept {
				t.Errorf("kept %v, want %v", kept, c.kept)
			}
		})
	}
}

func TestKeyOwner(t *testing.T) {
	tracked, stored := keyOwner{event: event.ID{Ms: 1}, hash: "t"}, keyOwner{event: event.ID{Ms: 2}, hash: "s"}
	for name, c := range map[string]struct {
		entry Entry
		key   string
		want  keyOwner
		taken bool
	}{
		"no key":                {Entry{ID: event.ID{Ms: 9}, KeyOwner: stored.event}, "", keyOwner{}, false},
		"free":                  {Entry{ID: event.ID{Ms: 9}}, "free", keyOwner{}, false},
		"tracked":               {Entry{ID: event.ID{Ms: 9}}, "k", tracked, true},
		"tracked before stored": {Entry{ID: event.ID{Ms: 9}, KeyOwner: stored.event, KeyHash: "s"}, "k", tracked, true},
		"stored":                {Entry{ID: event.ID{Ms: 9}, KeyOwner: stored.event, KeyHash: "s"}, "other", stored, true},
		"tracked, its own":      {Entry{ID: tracked.event}, "k", tracked, false},
		"stored, its own":       {Entry{ID: stored.event, KeyOwner: stored.event, KeyHash: "s"}, "other", stored, false},
	} {
		t.Run(name, func(t *testing.T) {
			in := newIntake()
			in.keys["k"] = tracked
			owner, taken := in.keyOwnerOf(&c.entry, c.key)
			if owner != c.want || taken != c.taken {
				t.Errorf("owner %v, taken %v, want %v, %v", owner, taken, c.want, c.taken)
			}
		})
	}
}
