package api

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/golden"
	"github.com/ottoscaler/ottoscaler/internal/redis"
)

// TestRequests: the product takes what clients send, and rejects what they refuse to send with the same word.
func TestRequests(t *testing.T) {
	for _, c := range golden.Cases[struct {
		Name   string            `json:"name"`
		Fields map[string]string `json:"fields"`
		Error  string            `json:"error"`
	}](t, "conformance/requests.json") {
		if c.Fields == nil {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			got := ""
			if _, rejection := event.Check(event.ID{Ms: 1756659802904}, c.Fields, 100_000); rejection != nil {
				got = rejection.Code
			}
			if got != c.Error {
				t.Errorf("the product says %q, clients say %q", got, c.Error)
			}
		})
	}
}

func TestKeys(t *testing.T) {
	type names struct {
		Name, Stream, Status, Dead, Mark, Event, Key string
	}
	id, err := event.ParseID("1756659802903-0")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range golden.Cases[names](t, "conformance/keys.json") {
		k := redis.NewKeys(want.Stream)
		got := names{
			Name: want.Name, Stream: k.Stream, Status: k.Status(), Dead: k.Dead(), Mark: k.LastAcceptedID(),
			Event: k.Event(id), Key: k.Idempotency("k 1"),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}
