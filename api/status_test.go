package api

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/golden"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// The kinds of status entries, by what they are about.
var (
	ofWorkers    = []string{"worker"}
	ofRefusals   = []string{"duplicate", "rejected"}
	ofEvents     = []string{"accepted", "settled", "waiting", "scaled_down", "cancelling", "closed"}
	ofOperators  = []string{"paused", "resumed"}
	numbered     = slices.Concat(ofEvents, ofWorkers, ofRefusals)
	ofQueues     = slices.Concat(ofEvents, ofWorkers, ofOperators)
	kinds        = slices.Concat(numbered, ofOperators)
	withMessages = []string{"worker", "waiting", "rejected", "duplicate", "scaled_down", "cancelling", "paused", "resumed"}
)

// statusField is one field of status entries.
type statusField struct {
	name   string
	kinds  []string // which may have it
	always []string // which always have it
	value  property
}

// property is what JSON Schema says of a field's value, which is always a string.
type property struct {
	Type        string   `json:"type"`
	Description string   `json:"description"`
	Enum        []string `json:"enum,omitempty"`
	Format      string   `json:"format,omitempty"`
	Pattern     string   `json:"pattern,omitempty"`
	MaxLength   int      `json:"maxLength,omitempty"`
}

func text(doc string, limit int) property {
	return property{Type: "string", Description: doc, MaxLength: limit}
}

func pattern(doc, form string) property {
	return property{Type: "string", Description: doc, Pattern: form}
}

func oneOf(doc string, values ...string) property {
	return property{Type: "string", Description: doc, Enum: values}
}

const (
	idForm       = `^(0|[1-9][0-9]*)-(0|[1-9][0-9]*)$`
	countForm    = `^(0|[1-9][0-9]*)$`
	positiveForm = `^[1-9][0-9]*$`
	timeForm     = `^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$`
	codeForm     = `^OTTO[1-9][0-9]{2}$`
)

func id(doc string) property       { return pattern(doc, idForm) }
func count(doc string) property    { return pattern(doc, countForm) }
func positive(doc string) property { return pattern(doc, positiveForm) }
func moment(doc string) property {
	return property{Type: "string", Description: doc + " RFC 3339, milliseconds, UTC.", Format: "date-time", Pattern: timeForm}
}

func states() []string {
	return []string{
		string(worker.StateCreated), string(worker.StateRunning), string(worker.StateRetrying),
		string(worker.StateSucceeded), string(worker.StateFailed), string(worker.StateCancelled), string(worker.StateLost),
	}
}

// statusFields are all of them, in the order of docs/status-stream.md.
func statusFields() []statusField {
	return []statusField{
		{"kind", kinds, kinds, oneOf("What the entry is about.", kinds...)},
		{"event_id", numbered, numbered, id("The entry ID that XADD returned.")},
		{"seq", numbered, slices.Concat(ofEvents, ofWorkers, []string{"rejected"}), positive("Numbers the entries of an event, without gaps.")},
		{"task_id", numbered, nil, text("As sent, if it was sent and valid.", 128)},
		{"at", kinds, kinds, moment("When it was recorded.")},
		{"queue", ofQueues, slices.Concat(ofEvents, ofOperators), text("The queue; * for all of them.", 63)},
		{"hint", []string{"accepted"}, nil, text("What was ignored, or taken for something else.", 1024)},
		{"worker", ofWorkers, ofWorkers, text("The worker's name: that of its first Pod.", 253)},
		{"index", ofWorkers, ofWorkers, positive("The slot, 1 to pod_count.")},
		{"attempt", ofWorkers, ofWorkers, positive("Which Pod of the worker.")},
		{"state", ofWorkers, ofWorkers, oneOf("The last four are outcomes.", states()...)},
		{"reason", []string{"worker", "waiting", "rejected"}, []string{"waiting", "rejected"}, text("A word for programs.", 128)},
		{"code", []string{"worker", "rejected"}, []string{"rejected"}, pattern("The error code, if there is something to fix.", codeForm)},
		{"by", ofOperators, nil, text("Who did it.", 0)},
		{"message", withMessages, nil, text("A sentence for people; of a success the result.", worker.MaxResult)},
		{"exit_code", ofWorkers, nil, pattern("Of a container, once there is one.", `^(0|-?[1-9][0-9]*)$`)},
		{"container", ofWorkers, nil, text("Whose exit code it is, or which could not start.", 63)},
		{"pod", ofWorkers, nil, text("The Pod of this attempt.", 253)},
		{"namespace", ofWorkers, nil, text("Where the Pod is.", 63)},
		{"node", ofWorkers, nil, text("Where it ran.", 253)},
		{"created_at", ofWorkers, nil, moment("When the Pod was created.")},
		{"started_at", ofWorkers, nil, moment("When its main container started.")},
		{"ended_at", ofWorkers, nil, moment("When its main container ended.")},
		{"by_event", ofWorkers, nil, id("Of an outcome: the scale_down or cancel that took the worker.")},
		{"duplicate_of", []string{"duplicate"}, nil, id("The event that was accepted before.")},
		{"n_asked", []string{"scaled_down"}, []string{"scaled_down"}, count("How many workers were requested.")},
		{"n_taken", []string{"scaled_down"}, []string{"scaled_down"}, count("How many it takes.")},
		{"n_waiting", []string{"cancelling"}, []string{"cancelling"}, count("How many of those it takes have no Pod.")},
		{"n_with_pod", []string{"cancelling"}, []string{"cancelling"}, count("How many of those it takes have a Pod.")},
		{"n_succeeded", []string{"closed"}, []string{"closed"}, count("Workers by outcome.")},
		{"n_failed", []string{"closed"}, []string{"closed"}, count("Workers by outcome.")},
		{"n_cancelled", []string{"closed"}, []string{"closed"}, count("Workers by outcome.")},
		{"n_lost", []string{"closed"}, []string{"closed"}, count("Workers by outcome.")},
	}
}

// versioned is the field that a later contract, which is none of this kind any more, would have; absent: 1.
var versioned = property{Type: "string", Description: "The version of the contract; absent: 1.", Pattern: positiveForm}

// others are fields of later releases.
var others = property{Type: "string", Description: "A field of a later release: ignore it."}

// statusSchema has a branch for each kind.
func statusSchema() map[string]any {
	branches := make([]any, 0, len(kinds))
	for _, kind := range kinds {
		properties, required := map[string]any{"v": versioned}, []string{}
		for _, f := range statusFields() {
			if slices.Contains(f.kinds, kind) {
				properties[f.name] = f.value
			}
			if slices.Contains(f.always, kind) {
				required = append(required, f.name)
			}
		}
		properties["kind"] = map[string]any{"const": kind}
		branches = append(branches, map[string]any{
			"title": kind, "type": "object", "properties": properties, "required": required, "additionalProperties": others,
		})
	}
	return document("Status entry", "One entry of the status stream. More kinds may be added: ignore those that you do not know.",
		map[string]any{"oneOf": branches})
}

func TestGeneratedStatusSchema(t *testing.T) {
	golden.File(t, "./status-entry.schema.json", encode(t, statusSchema()))
}

// TestStatusPage: the page describes each field, and says of which kinds it is.
func TestStatusPage(t *testing.T) {
	page, err := os.ReadFile("../docs/status-stream.md")
	if err != nil {
		t.Fatal(err)
	}
	_, page2, _ := strings.Cut(string(page), "| field | in | meaning |")
	section, _, _ := strings.Cut(page2, "\n\n")
	word := regexp.MustCompile("`([a-z_]+)`")
	described := make(map[string][]string)
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || !strings.Contains(cells[1], "`") {
			continue
		}
		in := []string{}
		for _, m := range word.FindAllStringSubmatch(cells[2], -1) {
			in = append(in, m[1])
		}
		if first := strings.TrimSpace(cells[2]); strings.HasPrefix(first, "all") {
			in = slices.DeleteFunc(slices.Clone(kinds), func(k string) bool { return slices.Contains(in, k) })
		}
		for _, m := range word.FindAllStringSubmatch(cells[1], -1) {
			described[m[1]] = in
		}
	}
	for _, f := range statusFields() {
		want, got := slices.Sorted(slices.Values(f.kinds)), slices.Sorted(slices.Values(described[f.name]))
		if !slices.Equal(want, got) {
			t.Errorf("%s: the page says that it is in %v, it is in %v", f.name, got, want)
		}
		delete(described, f.name)
	}
	if len(described) > 0 {
		t.Errorf("the page describes fields that there are not: %v", slices.Sorted(maps.Keys(described)))
	}
}
