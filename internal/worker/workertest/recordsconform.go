package workertest

import (
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Records is an empty stream with its records, and what the conformance suite needs besides.
type Records struct {
	worker.Journal // whose term has begun

	// Another returns another Journal on the same stream, as the next term or another process has it.
	Another func() worker.Journal
	// Process starts a process that reads as this consumer. Each call of the returned function starts a term.
	Process func(consumer string) func() worker.Source
	// Add is XADD with an explicit ID; pairs are field, value, field, value.
	Add func(id event.ID, pairs ...string)
	// Delete is XDEL, Drop is DEL of the stream, Flush is FLUSHALL.
	Delete func(id event.ID)
	Drop   func()
	Flush  func()
	// Forget is DEL of an event's record.
	Forget func(id event.ID)
	// Controls of a new term, and Send as an operator does.
	Controls func() worker.Controls
	Send     func(cmd worker.Command) event.ID
}

const consumer = "ottoscaler-1"

// Source is the Source of a new process.
func (r Records) Source() worker.Source { return r.Process(consumer)() }

var (
	moment = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	first  = event.ID{Ms: 1000, Seq: 2}
	second = event.ID{Ms: 1000, Seq: 10}
)

func newEvent(id event.ID, pods int, key string) event.Event {
	return event.Event{
		EventID: id, Type: event.ScaleUp, PodCount: pods, Timestamp: moment,
		Metadata: map[string]string{"task_id": "task", "branch": "main"}, IdempotencyKey: key,
	}
}

func report(slot int, state worker.State) worker.Report {
	return worker.Report{
		ID: first, TaskID: "task", Worker: "w", Slot: slot, Attempt: 1, State: state, UID: "uid", Node: "n", Reason: "R", At: moment,
	}
}

// TestRecords is the conformance suite of worker.Journal and worker.Source: what the core relies on. fresh returns an
// empty stream each time. TestDeliveries belongs to it.
func TestRecords(t *testing.T, fresh func(t *testing.T) Records) {
	each(t, fresh, map[string]func(*testing.T, Records){
		"an empty Redis has no records":                   nothingKnown,
		"an accepted event is open, and found":            acceptedIsOpen,
		"open events come in numeric order, page by page": openInOrder,
		"created workers and outcomes are in the record":  workersAreRecorded,
		"a closed event is found, and not open":           closedIsFound,
		"a closed event's outcomes are kept":              outcomesAreKept,
		"the last accepted ID moves with every decision":  lastAcceptedMoves,
		"pending entries come first after a start":        pendingComesFirst,
		"acknowledged entries are not redelivered":        acknowledgedIsNotRedelivered,
		"a large entry comes with its size and what fits": largeEntryHasSize,
		"the owner of a key comes with the entry":         keyOwnerIsKnown,
		"a scale_down keeps its victims until it closes":  victimsAreKept,
		"a restored record is complete":                   restoreIsComplete,
		"a restore only raises the last accepted ID":      restoreRaisesLastAccepted,
		"a rebuilt event makes no other stream":           rebuiltKeepsTheStream,
		"clocks are kept until they are forgotten":        clocksAreKept,
		"only the newest term writes":                     onlyNewestWrites,
		"an emptied Redis ends the term":                  emptiedRedisEndsTheTerm,
		"writes need a term":                              writesNeedATerm,
		"no record is lost while Redis keeps its data":    completeIsKept,
		"an emptied Redis has lost all records so far":    completeAfterFlush,
		"no stream: all records until now may be lost":    completeWithoutStream,
		"a replaced stream keeps its records":             completeOfReplacedStream,
		"since when no record is lost moves both ways":    completeMoves,
		"the lost record of an open event is told":        lostIsTold,
		"pauses are kept until they are resumed":          pausesAreKept,
		"commands come in order, after the last one":      commandsComeInOrder,
		"a refusal is kept until a Pod is created":        refusalIsKept,
		"a cancel is acknowledged before it closes":       cancelSettles,
	})
}

func each(t *testing.T, fresh func(t *testing.T) Records, tests map[string]func(*testing.T, Records)) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, fresh(t)) })
	}
}
