package event_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// TestConformance: what clients send is accepted, and what they refuse to send would be rejected with the same code. The cases
// are those that the clients run.
func TestConformance(t *testing.T) {
	data, err := os.ReadFile("../../api/conformance/requests.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name   string            `json:"name"`
		Fields map[string]string `json:"fields"`
		Error  string            `json:"error"`
	}
	if err := json.Unmarshal(data, &cases); err != nil || len(cases) < 50 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, c := range cases {
		if c.Fields == nil { // a client alone can know
			continue
		}
		_, bad := event.Check(event.ID{Ms: 1756659802903}, c.Fields, 100_000)
		switch {
		case bad == nil && c.Error != "":
			t.Errorf("%s: accepted, want %s", c.Name, c.Error)
		case bad != nil && bad.Code != c.Error:
			t.Errorf("%s: rejected as %s (%s), want %q", c.Name, bad.Code, bad.Reason, c.Error)
		}
	}
}
