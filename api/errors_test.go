package api

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/golden"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// failure is one code in errors.json.
type failure struct {
	Message string `json:"message"`
	Cause   string `json:"cause"`
	Fix     string `json:"fix"`
}

// TestErrors: errors.json has every code that a log line, a status entry or a dead letter may have. A client has a copy of its own,
// since a module embeds only what lies within it.
func TestErrors(t *testing.T) {
	all := make(map[errcode.Code]failure)
	for _, e := range errcode.All() {
		all[e.Code] = failure{e.Message, e.Cause, e.Fix}
	}
	for _, r := range worker.Reasons() {
		if r.Code != "" {
			all[r.Code] = failure{r.Name, r.Cause, r.Fix}
		}
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(all); err != nil {
		t.Fatal(err)
	}
	golden.File(t, "errors.json", b.String())
	golden.File(t, "../client/errors.json", b.String())
}
