//go:build real

package faults

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// ledger is what the API server's audit log says of the Pods of one namespace since the ledger began.
type ledger struct {
	t         *testing.T
	file      string
	offset    int64
	namespace string
	posted    map[string]int       // by Pod: POSTs that made it
	bound     map[string]int       // by Pod: how often the scheduler found a node for one of that name
	deleted   map[string]time.Time // by Pod: our first DELETE that found it
	late      []string             // Pods that were asked for after we had deleted them
	last      time.Time            // our last POST
	tries     int                  // our POSTs
}

func newLedger(t *testing.T, file, namespace string) *ledger {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return &ledger{
		t: t, file: file, offset: info.Size(), namespace: namespace,
		posted: map[string]int{}, bound: map[string]int{}, deleted: map[string]time.Time{},
	}
}

type auditLine struct {
	Stage string
	Verb  string
	User  struct{ Username string }

	ObjectRef      struct{ Resource, Subresource, Name string }
	ResponseStatus struct{ Code int }

	RequestReceivedTimestamp time.Time
}

// read takes in what was written since the last time.
func (l *ledger) read() {
	l.t.Helper()
	f, err := os.Open(l.file)
	if err != nil {
		l.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if _, err := f.Seek(l.offset, io.SeekStart); err != nil {
		l.t.Fatal(err)
	}
	lines := bufio.NewReaderSize(f, 1<<20)
	ours := []byte(`"namespace":"` + l.namespace + `"`)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return // half a line is read the next time
		}
		l.offset += int64(len(line))
		var e auditLine
		if bytes.Contains(line, ours) && json.Unmarshal(line, &e) == nil && e.ObjectRef.Resource == "pods" {
			l.take(&e)
		}
	}
}

func (l *ledger) take(e *auditLine) {
	name, us := e.ObjectRef.Name, strings.HasSuffix(e.User.Username, ":ottoscaler")
	switch {
	case e.ObjectRef.Subresource == "binding" && e.ResponseStatus.Code == 201:
		l.bound[name]++
	case !us || e.Stage != "ResponseComplete" || e.ObjectRef.Subresource != "":
	case e.Verb == "create":
		l.tries++
		if e.ResponseStatus.Code == 201 {
			l.posted[name]++
		}
		if e.RequestReceivedTimestamp.After(l.last) {
			l.last = e.RequestReceivedTimestamp
		}
		if gone, ok := l.deleted[name]; ok && e.RequestReceivedTimestamp.After(gone) {
			l.late = append(l.late, name)
		}
	case e.Verb == "delete" && e.ResponseStatus.Code == 200:
		if _, ok := l.deleted[name]; !ok {
			l.deleted[name] = e.RequestReceivedTimestamp
		}
	}
}

// made is how many Pods were made so far.
func (l *ledger) made() int {
	l.t.Helper()
	l.read()
	return len(l.posted)
}
