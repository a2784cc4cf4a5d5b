package podlogs

import (
	"errors"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// timed are lines of one container: each is delivered at its arrival, and has its stamp.
type timed struct {
	arrival, stamp time.Duration
	text           string
}

func lines(start time.Time, all []timed) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		for _, l := range all {
			time.Sleep(time.Until(start.Add(l.arrival)))
			if !yield(Line{Time: start.Add(l.stamp), Text: []byte(l.text)}, nil) {
				return
			}
		}
	}
}

func TestMerge(t *testing.T) {
	const ms = time.Millisecond
	for name, test := range map[string]struct {
		window time.Duration
		inputs [][]timed
		want   []string
		within time.Duration
	}{
		"by time": {
			0, [][]timed{{{0, 1 * ms, "a1"}, {0, 3 * ms, "a3"}}, {{0, 2 * ms, "b2"}, {0, 4 * ms, "b4"}}}, []string{"a1", "b2", "a3", "b4"}, ms,
		},
		"until certain": {
			0, [][]timed{{{0, 2 * ms, "a2"}}, {{9000 * ms, 1 * ms, "b1"}}}, []string{"b1", "a2"}, 9001 * ms,
		},
		"one container's order": {
			0, [][]timed{{{0, 5 * ms, "a5"}, {0, 1 * ms, "a1"}}, {{0, 2 * ms, "b2"}}}, []string{"b2", "a5", "a1"}, ms,
		},
		"late by less than the window": {
			50 * ms,
			[][]timed{{{0, 0, "a0"}, {2000 * ms, 2000 * ms, "a2"}}, {{0, 1 * ms, "b0"}, {2040 * ms, 1990 * ms, "b1"}}},
			[]string{"a0", "b0", "b1", "a2"},
			2041 * ms,
		},
		"idle": {
			50 * ms,
			[][]timed{{{0, 0, "a0"}, {2000 * ms, 2000 * ms, "a2"}}, {{0, 1 * ms, "b0"}, {60_000 * ms, 60_000 * ms, "b9"}}},
			[]string{"a0", "b0", "a2", "b9"},
			60_001 * ms,
		},
		"nothing of one for long": {
			50 * ms, [][]timed{{{0, 0, "a0"}}, {{60_000 * ms, 60_000 * ms, "b9"}}}, []string{"a0", "b9"}, 60_001 * ms,
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			m, start := NewMerger(test.window), time.Now()
			for _, all := range test.inputs {
				in := m.Add()
				go func() { _ = in.Pump(lines(start, all)) }()
			}
			m.Close()
			var got []string
			err := m.Run(t.Context(), func(l Line) error {
				got = append(got, string(l.Text))
				return nil
			})
			if diff := cmp.Diff(test.want, got); diff != "" || err != nil || time.Since(start) > test.within {
				t.Errorf("%s: %v after %v (-want +got):\n%s", name, err, time.Since(start), diff)
			}
		})
	}
}

// TestMergeFails: when emit fails, whoever brings lines is let go.
func TestMergeFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, broken := NewMerger(DefaultWindow), errors.New("broken pipe")
		in := m.Add()
		done := make(chan error)
		go func() {
			all := make([]timed, 10*maxQueued)
			done <- in.Pump(lines(time.Now(), all))
		}()
		if err := m.Run(t.Context(), func(Line) error { return broken }); !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
		if err := <-done; err != nil {
			t.Errorf("pump: %v", err)
		}
	})
}
