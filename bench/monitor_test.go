//go:build real

package bench

import (
	"bufio"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// tape is what Redis' MONITOR says: every command and when it was executed.
type tape struct {
	mu    sync.Mutex
	lines []executed
}

type executed struct {
	at   time.Time
	text string // all words in lower case, each in double quotes
}

// monitor records until end is called.
func monitor(b *bench) (t *tape, end func()) {
	b.Helper()
	conn, err := net.Dial("tcp", b.Server.Addr)
	if err != nil {
		b.Fatal(err)
	}
	in := bufio.NewReaderSize(conn, 1<<20)
	if _, err := conn.Write([]byte("MONITOR\r\n")); err != nil {
		b.Fatal(err)
	}
	if answer, err := in.ReadString('\n'); err != nil || answer != "+OK\r\n" {
		b.Fatalf("MONITOR: %q, %v", answer, err)
	}
	t = &tape{}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		t.record(in)
	}()
	return t, func() {
		_ = conn.Close()
		<-ended
	}
}

// record takes lines such as `+1756659802.903123 [0 127.0.0.1:6379] "get" "key"`.
func (t *tape) record(in *bufio.Reader) {
	for {
		text, err := in.ReadString('\n')
		if err != nil {
			return
		}
		stamp, words, _ := strings.Cut(strings.TrimPrefix(text, "+"), " ")
		seconds, micros, _ := strings.Cut(stamp, ".")
		s, errS := strconv.ParseInt(seconds, 10, 64)
		us, errU := strconv.ParseInt(micros, 10, 64)
		if errS != nil || errU != nil {
			continue
		}
		t.mu.Lock()
		t.lines = append(t.lines, executed{time.Unix(s, us*1000), strings.ToLower(words)})
		t.mu.Unlock()
	}
}

// first waits for the first command after a moment whose words contain all of these.
func (t *tape) first(b *bench, after time.Time, words ...string) time.Time {
	b.Helper()
	var found time.Time
	b.until("Redis to be asked for "+strings.Join(words, " "), func() bool {
		t.mu.Lock()
		defer t.mu.Unlock()
		for _, l := range t.lines {
			if l.at.After(after) && l.has(words) {
				found = l.at
				return true
			}
		}
		return false
	})
	return found
}

func (l executed) has(words []string) bool {
	for _, w := range words {
		if !strings.Contains(l.text, w) {
			return false
		}
	}
	return true
}
