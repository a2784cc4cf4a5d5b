package client

import (
	"context"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// scene is Redis as follow.json describes it.
type scene struct {
	Records map[string]map[string]string
	LastID  string `json:"mark"`
	Keys    map[string]string
	Dead    []map[string]string
}

func (m *scene) merge(more *scene) {
	if more == nil {
		return
	}
	maps.Copy(m.Records, more.Records)
	maps.Copy(m.Keys, more.Keys)
	m.LastID, m.Dead = cmpOr(more.LastID, m.LastID), append(m.Dead, more.Dead...)
}

func (m *scene) Record(_ context.Context, id string) (map[string]string, error) {
	return m.Records[id], nil
}
func (m *scene) Mark(context.Context) (string, error)                 { return m.LastID, nil }
func (m *scene) KeyOwner(_ context.Context, k string) (string, error) { return m.Keys[k], nil }
func (m *scene) DeadLetter(_ context.Context, id string) (map[string]string, error) {
	for _, d := range m.Dead {
		if d["original_id"] == id {
			return d, nil
		}
	}
	return nil, nil
}

type followCase struct {
	Name, Type string
	SentID     string `json:"sent_id"`
	Key        string `json:"idempotency_key"`
	Attach     bool
	Redis      *scene
	Steps      []struct {
		Redis *scene
		Entry *struct {
			ID     string
			Fields map[string]string
		}
		Missed bool
	}
	Yields    []plain
	EventID   string `json:"event_id"`
	Duplicate bool
	Result    plain
	Error     plain
	Open      bool
}

func (c *followCase) run(t *testing.T) (*tracker, []plain) {
	t.Helper()
	m := &scene{Records: map[string]map[string]string{}, Keys: map[string]string{}}
	kind := c.Type
	if c.Attach {
		kind = ""
	}
	f := follower{tracker: newTracker(c.SentID, kind), lookup: m, key: c.Key, moved: func(string) {}}
	yields := []plain{}
	keep := func(news []Status, err error) {
		if err != nil {
			t.Fatal(err)
		}
		for i := range news {
			yields = append(yields, plainStatus(&news[i]))
		}
	}
	m.merge(c.Redis)
	if c.Attach {
		keep(f.sync(t.Context()))
	}
	for _, step := range c.Steps {
		m.merge(step.Redis)
		if step.Missed {
			keep(f.sync(t.Context()))
			continue
		}
		s := decodeStatus(step.Entry.ID, step.Entry.Fields)
		keep(f.read(t.Context(), &s))
	}
	return f.tracker, yields
}

func TestFollowing(t *testing.T) {
	for _, c := range cases[followCase](t, "follow.json") {
		t.Run(c.Name, func(t *testing.T) {
			got, yields := c.run(t)
			if diff := cmp.Diff(c.Yields, yields); diff != "" {
				t.Errorf("yields: -want +got:\n%s", diff)
			}
			if got.eventID != c.EventID || got.duplicate != c.Duplicate || got.ended() == c.Open {
				t.Errorf("event %s, duplicate %t, ended %t", got.eventID, got.duplicate, got.ended())
			}
			var result, failure plain
			if got.result != nil {
				result = plainResult(got.result)
			}
			if got.err != nil {
				failure = plainError(got.err)
			}
			if diff := cmp.Diff(c.Result, result); diff != "" {
				t.Errorf("result: -want +got:\n%s", diff)
			}
			if diff := cmp.Diff(c.Error, failure); diff != "" {
				t.Errorf("error: -want +got:\n%s", diff)
			}
		})
	}
}
