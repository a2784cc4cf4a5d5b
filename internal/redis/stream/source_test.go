package stream

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func TestSource(t *testing.T) { testSource(t, mini) }

// testSource runs on any Redis: start returns a fresh one.
func testSource(t *testing.T, start func(*testing.T) *process) {
	tests := map[string]func(*testing.T, *process){
		"a new group starts at 0":                           testGroupAtZero,
		"a group that vanished starts at the last accepted": testGroupAtLastAccepted,
		"a stream that vanished ends the term":              testStreamGone,
		"a stream that was replaced":                        testStreamReplaced,
		"a group that was set back":                         testGroupSetBack,
		"pending entries come first after a restart":        testRestart,
		"an error brings back pending entries":              testErrorRereads,
		"an unanswered read of our name is found":           testUnanswered,
		"an unanswered read of our name goes first":         testUnansweredGoesFirst,
		"what another consumer read goes first":             testOtherConsumerGoesFirst,
		"a suspicious entry pauses reading":                 testSuspiciousPauses,
		"a huge entry is not loaded whole":                  testHuge,
		"what a dead process left comes one by one":         testInherited,
		"an acknowledged entry is forgotten":                testForgets,
		"owners of idempotency keys":                        testKeyOwners,
		"a lookup that fails the read":                      testLookupFails,
		"an invalid owner of a key is ignored":              testInvalidKeyOwner,
		"ctx that ended reads nothing":                      testEndedContext,
		"of a repeated field the last counts":               testRepeatedField,
		"pages of pending entries are complete, sorted":     testPendingPages,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, start(t)) })
	}
}

// testHuge: reads of new entries and of pending ones, in each mode, return the same.
func testHuge(t *testing.T, p *process) {
	value := strings.Repeat("x", 2*event.MaxEntryBytes)
	id := p.Add(t, "type", "scale_up", "blob", value, "task_id", "t")
	sum := sha256.Sum256([]byte("4:type8:scale_up4:blob131072:" + value + "7:task_id1:t"))
	want := worker.Entry{
		ID: id, Fields: map[string]string{"type": "scale_up", "task_id": "t"},
		Size: worker.Size{Fields: 3, Bytes: 4 + 8 + 4 + len(value) + 7 + 1, Sum: hex.EncodeToString(sum[:])},
	}
	again := p.source()
	for _, s := range []*Source{p.source(), again, connect(t, p.Addr).source()} {
		if diff := cmp.Diff([]worker.Entry{want}, read(t, s, 1)); diff != "" {
			t.Error(diff)
		}
		want.Redelivered = true
	}
}

func testEndedContext(t *testing.T, p *process) {
	p.Add(t, "a", "b")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.source().Read(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if groups := p.Raw.XInfoGroups(t.Context(), stream).Val(); len(groups) > 0 {
		t.Errorf("it created the groups %v", groups)
	}
}

func testRepeatedField(t *testing.T, p *process) {
	p.Add(t, "pod_count", "1", "pod_count", "2")
	if got := read(t, p.source(), 1)[0].Fields["pod_count"]; got != "2" {
		t.Errorf("pod_count is %q", got)
	}
}
