package api

import (
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/golden"
	"github.com/ottoscaler/ottoscaler/internal/redis"
)

// recordSchema is the hash of an event, which is a snapshot of it.
func recordSchema() map[string]any {
	properties := map[string]any{
		"hash":        text("The content hash of the entry.", 64),
		"accepted_at": moment("When the event was accepted."),
		"settled":     moment("When the entry was acknowledged: each worker has, or had, a Pod, or has its outcome."),
		"closed":      moment("When the last outcome was recorded. From then on the record expires after OTTO_RECORD_TTL."),
		"rebuilt":     moment("When the record was rebuilt from the event's Pods, as it was lost: workers without a Pod are lost."),
		"seq":         positive("The seq of the last status entry that the record contains."),
		"victims":     text("Of a settled scale_down: the workers it takes, as <event_id>/<slot> separated by spaces.", 0),
		"outcomes":    pattern("Of a closed scale_up: how each worker ended; see docs/status-stream.md.", `^[sfcl][^ ]*( [sfcl][^ ]*)*$`),
		"n_succeeded": count("Workers by outcome."), "n_failed": count("Workers by outcome."),
		"n_cancelled": count("Workers by outcome."), "n_lost": count("Workers by outcome."),
	}
	for _, f := range event.Fields() {
		if !f.Added {
			properties[f.Name] = text(f.Doc, 0)
		}
	}
	properties["type"] = oneOf("As sent.", "scale_up", "scale_down", "cancel")
	return document("Record of an event", "The hash at <prefix>event:<event_id>: a snapshot of the event.", map[string]any{
		"type": "object", "properties": properties, "required": []string{"type", "hash", "accepted_at"},
		"patternProperties": map[string]any{
			"^m:":            property{Type: "string", Description: "Metadata, and the entry's later fields: m:queue, m:priority and so on.", MaxLength: 1024},
			"^s[1-9][0-9]*$": pattern("One slot of an open scale_up; see docs/status-stream.md.", `^[^ ]+( [^ ]+){6}$`),
		},
		"additionalProperties": others,
	})
}

func deadLetterSchema() map[string]any {
	return document("Dead letter", "One entry of the dead-letter stream.", map[string]any{
		"type": "object",
		"properties": map[string]any{
			"original_id": id("The ID in the source stream."),
			"reason_code": oneOf("A word for programs.", event.RejectionCodes()...),
			"reason":      text("A sentence for people.", 1024),
			"code":        pattern("The error code.", codeForm),
			"omitted":     count("How many fields did not fit."), "omitted_bytes": count("Their bytes."),
			"sha256": pattern("Of the whole entry.", "^[0-9a-f]{64}$"),
		},
		"patternProperties":    map[string]any{"^f:": property{Type: "string", Description: "An original field.", MaxLength: redis.MaxDeadLetterBytes}},
		"required":             []string{"original_id", "reason_code", "reason", "code"},
		"additionalProperties": others,
	})
}

func TestGeneratedRecordSchema(t *testing.T) {
	golden.File(t, "./record.schema.json", encode(t, recordSchema()))
	golden.File(t, "./dead-letter.schema.json", encode(t, deadLetterSchema()))
}
