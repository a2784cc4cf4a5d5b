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

// monitorLog is the output of Redis' MONITOR: every command and when it was executed.
type monitorLog struct {
	mu    sync.Mutex
	lines []executed
}

type executed struct {
	at   time.Time
	text string // all words in lower case, each in double quotes
}

// monitor records until end is called.
func monitor(b *bench) (t *monitorLog, end func()) {
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
	t = &monitorLog{}
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

// record parses lines such as `+1756659802.903123 [0 127.0.0.1:6379] "get" "key"`.
func (t *monitorLog) record(in *bufio.Reader) {
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

// first waits for the first command after a time that contains all the words.
func (t *monitorLog) first(b *bench, after time.Time, words ...string) time.Time {
	b.Helper()
	var found time.Time
	b.until("the command "+strings.Join(words, " "), func() bool {
		t.mu.Lock()
		defer t.mu.Unlock()
		for _, l := range t.lines {
			if l.at.After(after) && l.contains(words) {
				found = l.at
				return true
			}
		}
		return false
	})
	return found
}

func (l executed) contains(words []string) bool {
	for _, w := range words {
		if !strings.Contains(l.text, w) {
			return false
		}
	}
	return true
}
