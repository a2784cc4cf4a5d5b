package podlogs

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// seeds is how many logs a property is tried on.
const seeds = 60

// printSome prints n lines as programs and nodes do: stamps that are equal and go back, equal lines, empty ones, any bytes, and
// lines longer than a part.
func printSome(n *fakeNode, rnd *rand.Rand, count int, between func()) {
	for i := range count {
		if rnd.IntN(3) == 0 {
			time.Sleep(time.Duration(rnd.ExpFloat64() * float64(300*time.Millisecond)))
		}
		stamp := time.Now().UTC()
		if rnd.IntN(3) == 0 {
			stamp = stamp.Add(-time.Duration(rnd.IntN(900)) * time.Millisecond)
		}
		n.print(someText(rnd, i), stamp)
		between()
	}
	n.change(func() { n.end = true })
}

func someText(rnd *rand.Rand, i int) string {
	switch rnd.IntN(12) {
	case 0:
		return ""
	case 1, 2, 3:
		return "again"
	case 4:
		return strings.Repeat("x", rnd.IntN(5*partSize))
	case 5:
		return fmt.Sprintf("%d \x1b[31m\xff\xfe\x00\r %s", i, time.Now().Format(time.RFC3339))
	case 6:
		return strings.Repeat("y", partSize-31+rnd.IntN(3)-1) // as long as a part
	}
	return fmt.Sprintf("line %d", i)
}

func follow(t *testing.T, c *Client) *received {
	t.Helper()
	r := new(received)
	for l, err := range c.Follow(t.Context(), testTarget, From{}) {
		if err != nil {
			r.err = err
			break
		}
		r.add(l)
	}
	return r
}

// checkExact: every line once, whole and in order, and nothing marked.
func checkExact(t *testing.T, seed uint64, want []string, got *received) {
	t.Helper()
	if got.err != nil || len(got.markers) > 0 || got.open != "" {
		t.Fatalf("seed %d: error %v, markers %q, open %d", seed, got.err, got.says, len(got.open))
	}
	for i := range max(len(want), len(got.lines)) {
		if i >= len(want) || i >= len(got.lines) || want[i] != got.lines[i] {
			t.Fatalf("seed %d: %d lines of %d, the first other one is %d:\n got %s\nwant %s", seed, len(got.lines), len(want), i,
				at(got.lines, i), at(want, i))
		}
	}
}

func at(lines []string, i int) string {
	if i >= len(lines) {
		return "none"
	}
	return fmt.Sprintf("%.80q (%d bytes)", lines[i], len(lines[i]))
}

// TestFollowExactly: whatever cuts connections, every line arrives once, whole and in order.
func TestFollowExactly(t *testing.T) {
	for seed := range uint64(seeds) {
		synctest.Test(t, func(t *testing.T) {
			n := newFakeNode(seed)
			n.faults, n.tail, n.waiting = n.rnd.IntN(60), n.chance(50), n.chance(20)
			if n.chance(20) {
				n.noInotify = true
			}
			rnd := rand.New(rand.NewPCG(seed, 2))
			go func() {
				time.Sleep(time.Duration(rnd.IntN(3)) * time.Second)
				n.change(func() { n.waiting = false })
				printSome(n, rnd, 1+rnd.IntN(300), func() {})
			}()
			got := follow(t, n.client(t, Options{Buffer: 64 << 20}))
			checkExact(t, seed, n.printed(), got)
		})
	}
}

// TestRotation: lines that a rotation took away are marked, no other is missing, and none comes twice.
func TestRotation(t *testing.T) {
	lost := 0
	for seed := range uint64(seeds) {
		synctest.Test(t, func(t *testing.T) {
			n := newFakeNode(seed)
			n.faults = 30 + n.rnd.IntN(50)
			rnd := rand.New(rand.NewPCG(seed, 2))
			go printSome(n, rnd, 300, func() {
				if rnd.IntN(30) == 0 {
					n.rotate()
				}
			})
			got := follow(t, n.client(t, Options{Buffer: 64 << 20}))
			lost += checkMarked(t, seed, n.printed(), got)
		})
	}
	if lost == 0 {
		t.Error("no rotation took a line away: the test tests nothing")
	}
}

// checkMarked: what was received are the lines in order, with a marker wherever one is missing. It returns how many are.
func checkMarked(t *testing.T, seed uint64, want []string, got *received) (lost int) {
	t.Helper()
	next, count := 0, make(map[string]int)
	for _, line := range want {
		count[line]++
	}
	for i, line := range got.lines {
		cut := func() bool { return strings.HasPrefix(want[next], line) && slices.Contains(got.after, i+1) } // its rest is lost
		for next < len(want) && want[next] != line && !cut() {
			// Lines that are equal in everything cannot be told apart, nor does anybody know what was before the first connection.
			twins := count[want[next]] > 1 || i > 0 && count[got.lines[i-1]] > 1
			if i > 0 && !twins && !slices.Contains(got.after, i) {
				t.Fatalf("seed %d: line %d is missing before the %dth without a marker: %s", seed, next, i, at(want, next))
			}
			next++
			lost++
		}
		if next == len(want) {
			t.Fatalf("seed %d: line %d is doubled, torn or out of order: %s", seed, i, at(got.lines, i))
		}
		next++
	}
	if missing := len(want) - next; missing > 0 && !slices.Contains(got.after, len(got.lines)) {
		t.Fatalf("seed %d: the last %d lines are missing without a marker: %v", seed, missing, got.markers)
	}
	return lost + len(want) - next
}
