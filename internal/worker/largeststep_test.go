package worker

import (
	"fmt"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event/eventtest"
)

// BenchmarkLargestStep reports the longest step and the one that allocates most, of what once was done in one step whatever waited.
// The row `steps` of `make bench` reads it.
func BenchmarkLargestStep(b *testing.B) {
	for name, work := range map[string]func(*testing.B, *stepMeter){"expiry": expireParked, "scale-down": scaleDownWaiting} {
		b.Run(name, func(b *testing.B) {
			m := &stepMeter{}
			for b.Loop() {
				work(b, m)
			}
			b.ReportMetric(float64(m.longest.Microseconds())/1000, "longest-ms")
			b.ReportMetric(float64(m.most)/1e6, "largest-MB")
			b.ReportMetric(float64(m.steps)/float64(b.N), "steps/op")
		})
	}
}

// stepMeter measures the steps of a state.
type stepMeter struct {
	longest time.Duration
	most    uint64 // bytes allocated in one step
	steps   int
	closed  int // events
}

func (m *stepMeter) step(s *state, now time.Time, in input) []effect {
	before, at := allocated(), time.Now()
	effects := s.step(now, in)
	m.longest = max(m.longest, time.Since(at))
	m.most = max(m.most, allocated()-before)
	m.steps++
	return effects
}

func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// expireParked: the API server refuses every Pod of 300 events of 1,000 slots each, until none is open.
func expireParked(b *testing.B, m *stepMeter) {
	b.Helper()
	const events, slots = 300, 1000
	set := testSettings()
	set.MaxWorkers, set.MaxWaiting, set.CreateConcurrency = 100, events+1, 32
	s, now := newState(set), benchNow
	s.step(now, loaded{})
	s.step(now, observed{complete: true})
	for i := range events {
		fields := eventtest.Fields("pod_count", fmt.Sprint(slots), "task_id", "parked")
		m.settle(s, now, entries{[]Entry{{ID: benchID(i), Fields: fields}}})
	}
	closed := m.closed
	for limit := now.Add(10 * set.PendingTimeout); m.closed < closed+events; {
		at := s.next()
		if at.IsZero() || now.After(limit) {
			b.Fatalf("%d of %d events are closed after %v", m.closed-closed, events, now.Sub(benchNow))
		}
		if at.After(now) {
			now = at
		}
		m.settle(s, now, tick{})
	}
}

// settle makes a step and those that follow from it at once: each create is refused, each write is committed.
func (m *stepMeter) settle(s *state, now time.Time, in input) {
	for inputs := []input{in}; len(inputs) > 0; inputs = inputs[1:] {
		effects := m.step(s, now, inputs[0])
		for _, e := range effects {
			switch e := e.(type) {
			case create:
				inputs = append(inputs, created{create: e, err: fmt.Errorf("denied by a policy: %w", ErrRefused)})
			case write:
				if _, ok := e.Write.(Close); ok {
					m.closed++
				}
			}
		}
		if n := min(len(s.uncommitted), largestCommit); n > 0 && len(inputs) == 1 {
			inputs = append(inputs, written{n})
		}
	}
}

// largestCommit bounds the writes of one batch, as the Manager does.
const largestCommit = 1000

// scaleDownWaiting: a scale_down takes all there is of one task, ten events among a hundred thousand that wait.
func scaleDownWaiting(b *testing.B, m *stepMeter) {
	b.Helper()
	const waiting, mine = 100_000, 10
	s := benchState(b, waiting, 1)
	s.MaxWaiting += 2 * mine
	closed := m.closed
	for i := range mine {
		m.settle(s, benchNow, entries{[]Entry{{ID: benchID(waiting + i), Fields: eventtest.Fields("pod_count", "1", "task_id", "mine")}}})
	}
	down := eventtest.Fields("type", "scale_down", "pod_count", fmt.Sprint(2*mine), "task_id", "mine")
	m.settle(s, benchNow, entries{[]Entry{{ID: benchID(waiting + mine), Fields: down}}})
	for range mine {
		m.settle(s, benchNow, tick{})
	}
	if m.closed == closed {
		b.Fatal("nothing is closed")
	}
}
