package podlogs

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestUnreadable: a log that the node no longer has ends with a marker, and with no error that would take others along.
func TestUnreadable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newFakeNode(1)
		n.noLog, n.end = true, true
		got := &received{}
		for l, err := range n.client(t, Options{}).Read(t.Context(), testTarget, From{}) {
			if got.err = err; err == nil {
				got.add(l)
			}
		}
		if len(got.lines) > 0 || got.err != nil || !slices.Equal(got.markers, []Marker{MarkerEnd}) {
			t.Errorf("got %+v", got)
		}
	})
}

// TestClockSetBackALittle: stamps come again that the log has already, so that no reading repeats what was read. It ends all the same.
func TestClockSetBackALittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newFakeNode(1)
		begin := time.Now()
		for i := range 11 {
			n.print(fmt.Sprint("before ", i), begin.Add(time.Duration(i)*time.Second+500*time.Millisecond))
		}
		n.print("after 6", begin.Add(6*time.Second+500*time.Millisecond))
		n.print("after 7", begin.Add(7*time.Second+500*time.Millisecond))
		n.change(func() { n.end = true })
		got := follow(t, n.client(t, Options{}))
		text := strings.Join(got.lines, "\n")
		for _, l := range n.printed() {
			if !strings.Contains(text, l) {
				t.Errorf("%q is missing", l)
			}
		}
		if got.err != nil || len(got.lines) > 400 {
			t.Errorf("%d lines, %v", len(got.lines), got.err)
		}
	})
}
