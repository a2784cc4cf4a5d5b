package event_test

import (
	"fmt"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// exampleRules allow 100 workers per event, and the templates "big" (an hour) and the built-in one (six hours).
var exampleRules = event.Rules{MaxPods: 100, Deadlines: map[string]time.Duration{"": 6 * time.Hour, "big": time.Hour}}

// An entry of the stream becomes an event. A field without a meaning of its own is metadata.
func ExampleDecode() {
	id := event.ID{Ms: 1756659802903}
	e, rejection := event.Decode(id, map[string]string{
		"type": "scale_up", "pod_count": "3", "task_id": "build-7", "template": "big", "branch": "main",
	}, exampleRules)
	if rejection != nil {
		fmt.Println(rejection.Code)
		return
	}
	fmt.Println(e.EventID, e.Type, e.PodCount, e.TaskID(), e.Template)
	fmt.Println(e.Metadata["branch"], e.Timestamp.Format(time.RFC3339))
	// Output:
	// 1756659802903-0 scale_up 3 build-7 big
	// main 2025-08-31T17:03:22Z
}

// An invalid entry is rejected with a code for programs and a sentence for people. Both are in its dead letter.
func ExampleDecode_rejected() {
	_, rejection := event.Decode(event.ID{Ms: 1756659802903}, map[string]string{"type": "scale_up", "pod_count": "-1"}, exampleRules)
	fmt.Println(rejection.Code)
	fmt.Println(rejection.Reason)
	// Output:
	// invalid_pod_count
	// pod_count is "-1": want 1 to 100, in ASCII digits alone
}

// The name of a Pod follows from its event, slot and attempt, so no Pod can be created twice.
func ExampleNames_Pod() {
	names := event.NewNames(event.DefaultInstance, event.DefaultStream)
	id := event.ID{Ms: 1756659802903}
	fmt.Println(names.Pod(id, 1, 1))
	fmt.Println(names.Pod(id, 2, 1))
	fmt.Println(names.Pod(id, 2, 3))
	// Output:
	// otto-agent-1-1756659802903-0
	// otto-agent-2-1756659802903-0
	// otto-agent-2-1756659802903-0-r3
}

// Every worker finds its event in its environment.
func ExampleEvent_Variables() {
	e := event.Event{
		EventID: event.ID{Ms: 1756659802903}, Type: event.ScaleUp, PodCount: 3,
		Metadata: map[string]string{"task_id": "build-7", "git.ref": "refs/heads/main"},
	}
	for _, v := range e.Variables() {
		fmt.Printf("%s=%s\n", v.Name, v.Value)
	}
	// Output:
	// OTTO_WORKER_COUNT=3
	// OTTO_TASK_ID=build-7
	// OTTO_QUEUE=default
	// OTTO_META_GIT_REF=refs/heads/main
	// OTTO_METADATA={"git.ref":"refs/heads/main"}
}

// Only the canonical spelling of an ID is valid.
func ExampleParseID() {
	id, err := event.ParseID("1756659802903-12")
	fmt.Println(id.Ms, id.Seq, err)
	_, err = event.ParseID("1756659802903")
	fmt.Println(err)
	// Output:
	// 1756659802903 12 <nil>
	// entry ID "1756659802903": want <milliseconds>-<sequence>
}

// IDs are ordered as numbers, not as text.
func ExampleID_Compare() {
	second, tenth := event.ID{Ms: 5, Seq: 2}, event.ID{Ms: 5, Seq: 10}
	fmt.Println(second.Compare(tenth), second.String() < tenth.String())
	// Output: -1 false
}
