package worker

import (
	"fmt"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/event/eventtest"
)

var benchNow = time.Unix(1_756_659_802, 0)

func benchID(i int) event.ID { return event.ID{Ms: uint64(benchNow.UnixMilli()), Seq: uint64(i)} }

// benchFields are those of a usual entry.
func benchFields() map[string]string {
	return eventtest.Fields("pod_count", "1", "task_id", "task-123", "branch", "main", "commit", "0123456789abcdef0123456789abcdef01234567")
}

func BenchmarkDecode(b *testing.B) {
	f, r := benchFields(), eventtest.Rules()
	b.ReportAllocs()
	for b.Loop() {
		if _, bad := event.Decode(benchID(1), f, r); bad != nil {
			b.Fatal(bad.Reason)
		}
	}
}

// benchState has n accepted events of one worker each; as many workers as there is capacity for have a Pod.
func benchState(b *testing.B, n, capacity int) *state {
	b.Helper()
	set := testSettings()
	set.MaxWorkers, set.MaxWaiting, set.CreateConcurrency = capacity, n, 32
	s := newState(set)
	s.step(benchNow, loaded{})
	s.step(benchNow, observed{complete: true})
	for i := range n {
		benchAccept(s, i)
	}
	return s
}

// benchAccept accepts one event and creates the Pods requested then.
func benchAccept(s *state, i int) {
	effects := s.step(benchNow, entries{[]Entry{{ID: benchID(i), Fields: benchFields()}}})
	effects = append(effects, s.step(benchNow, written{len(s.uncommitted)})...)
	for len(effects) > 0 {
		var next []effect
		for _, e := range effects {
			if c, ok := e.(create); ok {
				next = append(next, s.step(benchNow, created{create: c, uid: benchUID(c.Name)})...)
			}
		}
		effects = next
	}
	s.step(benchNow, written{len(s.uncommitted)})
}

func benchUID(name string) string { return "uid-of-" + name }

func benchObservation(s *state, i int, phase Phase) observed {
	name := s.Names.Pod(benchID(i), 1, 1)
	return observed{batch: []Observation{{
		Ref: PodRef{Name: name, UID: benchUID(name)}, Event: benchID(i), Slot: 1, Attempt: 1, Phase: phase, Node: "node-1", Created: benchNow,
	}}}
}

// An observation of one of ten thousand workers that changes nothing: most of what the watch sends.
func BenchmarkStepObserved(b *testing.B) {
	const n = 10_000
	s := benchState(b, n, n)
	for i := range n {
		s.step(benchNow, benchObservation(s, i, PhaseRunning))
		s.step(benchNow, written{len(s.uncommitted)})
	}
	if s.holding() != n {
		b.Fatalf("%d workers hold capacity", s.holding())
	}
	inputs := make([]observed, n)
	for i := range inputs {
		inputs[i] = benchObservation(s, i, PhaseRunning)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		s.step(benchNow, inputs[i%n])
		i++
	}
}

// One worker beside ten thousand others: accepted, created, running, succeeded, deleted, gone.
func BenchmarkStepWorker(b *testing.B) {
	const n = 10_000
	s := benchState(b, n, n+1)
	s.SucceededTTL = 0
	b.ReportAllocs()
	i := n
	for b.Loop() {
		benchAccept(s, i)
		s.step(benchNow, benchObservation(s, i, PhaseRunning))
		end := benchObservation(s, i, PhaseSucceeded)
		s.step(benchNow, end)
		s.step(benchNow, written{len(s.uncommitted)})
		s.step(benchNow, tick{})
		s.step(benchNow, removed{remove: remove{end.batch[0].Ref}, err: ErrGone})
		if s.holding() != n || len(s.removals.byPod) != 0 {
			b.Fatalf("%d workers hold capacity, %d removals", s.holding(), len(s.removals.byPod))
		}
		i++
	}
}

// Steps while a hundred thousand events wait: one that changes nothing, and one that accepts another event.
func BenchmarkStepWaiting(b *testing.B) {
	const n = 100_000
	s := benchState(b, n, 1)
	if waiting := s.scheduler.Len(); waiting != n-1 {
		b.Fatalf("%d wait", waiting)
	}
	for name, step := range map[string]func(int){
		"tick":   func(int) { s.step(benchNow, tick{}); s.next(); s.full() },
		"accept": func(i int) { benchAccept(s, n+i) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			i := int(s.intake.lastDecided.Seq) - n + 1
			for b.Loop() {
				step(i)
				i++
			}
		})
	}
}

// The next waiting event starts: it is unpacked, and its Pod requested.
func BenchmarkStepStart(b *testing.B) {
	const n = 100_000
	s := benchState(b, n, 1)
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		if i == n-1 {
			b.StopTimer()
			s, i = benchState(b, n, 1), 0
			b.StartTimer()
		}
		effects := s.step(benchNow, benchObservation(s, i, PhaseSucceeded))
		effects = append(effects, s.step(benchNow, written{len(s.uncommitted)})...)
		i++
		c := benchCreate(effects)
		if c == nil {
			b.Fatal(fmt.Sprint("no create among ", effects))
		}
		s.step(benchNow, created{create: *c, uid: benchUID(c.Name)})
		s.step(benchNow, written{len(s.uncommitted)})
	}
}

// A term begins with n ended Pods of closed events: each is looked up and deleted.
func BenchmarkRestart(b *testing.B) {
	for _, n := range []int{2000, 20_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				newRestart(b, n).finish()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/pod")
		})
	}
}

// A Pod that has our labels and no readable annotations, beside ten thousand workers.
func BenchmarkStepForeignPod(b *testing.B) {
	const n = 10_000
	s := benchState(b, n, n)
	in := observed{batch: []Observation{{Ref: PodRef{Name: "web-7f9c", UID: "other"}}}}
	b.ReportAllocs()
	for b.Loop() {
		s.step(benchNow, in)
	}
}

func benchCreate(effects []effect) *create {
	for _, e := range effects {
		if c, ok := e.(create); ok {
			return &c
		}
	}
	return nil
}
