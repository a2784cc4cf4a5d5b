package api

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
)

type asyncAPI struct {
	AsyncAPI string `json:"asyncapi"`
	Channels map[string]struct {
		Address    string         `json:"address"`
		Parameters map[string]any `json:"parameters"`
	} `json:"channels"`
	Operations map[string]struct {
		Action  string            `json:"action"`
		Channel map[string]string `json:"channel"`
	} `json:"operations"`
}

// TestAsyncAPI: the channels are the keys that the product uses, each has an operation, and what is referred to is there.
func TestAsyncAPI(t *testing.T) {
	data, err := os.ReadFile("asyncapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc asyncAPI
	var whole map[string]any
	if err := yaml.UnmarshalStrict(data, &whole); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, &doc); err != nil || !strings.HasPrefix(doc.AsyncAPI, "3.") {
		t.Fatalf("asyncapi %q, %v", doc.AsyncAPI, err)
	}
	keys, id := redis.NewKeys("otto:scale:events"), event.ID{Ms: 5}
	fill := strings.NewReplacer("{source}", "otto:scale:events", "{tag}", "{otto:scale:events}", "{eventId}", id.String(), "{idempotencyKey}", "k")
	got := make(map[string]string)
	for name, c := range doc.Channels {
		got[name] = fill.Replace(c.Address)
		for parameter := range c.Parameters {
			if !strings.Contains(c.Address, "{"+parameter+"}") {
				t.Errorf("%s: the address %s has no %s", name, c.Address, parameter)
			}
		}
		used := slices.ContainsFunc(slices.Collect(operationChannels(&doc)), func(ref string) bool { return ref == "#/channels/"+name })
		if !used {
			t.Errorf("%s has no operation", name)
		}
	}
	for name, want := range map[string]string{
		"events": keys.Stream, "status": keys.Status(), "dead": keys.Dead(), "record": keys.Event(id), "mark": keys.LastAcceptedID(),
		"key": keys.Idempotency("k"),
	} {
		if got[name] != want {
			t.Errorf("%s is at %q, the product's at %q", name, got[name], want)
		}
	}
	for _, ref := range refs(whole) {
		if !resolves(whole, ref) {
			t.Errorf("%s leads nowhere", ref)
		}
	}
}

func operationChannels(doc *asyncAPI) func(func(string) bool) {
	return func(yield func(string) bool) {
		for _, o := range doc.Operations {
			if !yield(o.Channel["$ref"]) {
				return
			}
		}
	}
}

func refs(v any) (all []string) {
	for k, x := range object(v) {
		if ref, ok := x.(string); ok && k == "$ref" {
			all = append(all, ref)
		}
		all = append(all, refs(x)...)
	}
	for _, x := range list(v) {
		all = append(all, refs(x)...)
	}
	return all
}

func resolves(whole map[string]any, ref string) bool {
	if name, isFile := strings.CutPrefix(ref, "./"); isFile {
		_, err := os.Stat(filepath.Clean(name))
		return err == nil
	}
	var at any = whole
	for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		at = object(at)[part]
	}
	return at != nil
}
