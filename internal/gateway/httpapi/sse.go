package httpapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/gateway/hub"
)

const (
	writeTimeout = 10 * time.Second // for one write; a client that does not read so long is cut off
	lastTimeout  = time.Second      // for the last one, which says why
	retryAfter   = "retry: 2000\n"  // milliseconds until a client connects again
)

// eventWriter writes server-sent events.
type eventWriter struct {
	w      http.ResponseWriter
	rc     *http.ResponseController
	buffer bytes.Buffer
}

func newEventWriter(w http.ResponseWriter) *eventWriter {
	return &eventWriter{w: w, rc: http.NewResponseController(w)}
}

// begin sends the head of the answer, and where the viewer stands: whoever is cut off before the first entry resumes there.
func (e *eventWriter) begin(at event.ID) error {
	header := e.w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("X-Accel-Buffering", "no")
	e.w.WriteHeader(http.StatusOK)
	e.buffer.WriteString(retryAfter)
	e.position(at)
	return e.flush(writeTimeout)
}

// position moves the ID that a client resumes from, and shows it nothing.
func (e *eventWriter) position(at event.ID) {
	e.buffer.WriteString("id: " + at.String() + "\n\n")
}

// heartbeat keeps proxies from cutting a silent stream. It has the position too: a filter may let nothing pass for days.
func (e *eventWriter) heartbeat(at event.ID) error {
	e.buffer.WriteString(": heartbeat\n")
	e.position(at)
	return e.flush(writeTimeout)
}

// entry adds a status entry. JSON has no line breaks of its own.
func (e *eventWriter) entry(entry *hub.Entry) {
	e.buffer.WriteString("id: " + entry.ID.String() + "\nevent: status\ndata: ")
	e.buffer.Write(entry.JSON)
	e.buffer.WriteString("\n\n")
}

// message adds an event of the gateway's own; a zero ID leaves the position alone.
func (e *eventWriter) message(name string, at event.ID, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		return
	}
	if !at.IsZero() {
		e.buffer.WriteString("id: " + at.String() + "\n")
	}
	e.buffer.WriteString("event: " + name + "\ndata: ")
	e.buffer.Write(b)
	e.buffer.WriteString("\n\n")
}

// last says why the stream ends. The client may not hear it any more.
func (e *eventWriter) last(name, reason string) {
	e.message(name, event.ID{}, object{"reason": reason})
	_ = e.flush(lastTimeout)
}

// flush sends what was added. The deadline outlives the server's own for answers.
func (e *eventWriter) flush(within time.Duration) error {
	if e.buffer.Len() == 0 {
		return nil
	}
	if err := e.rc.SetWriteDeadline(time.Now().Add(within)); err != nil {
		return err
	}
	_, err := e.w.Write(e.buffer.Bytes()) //nolint:gosec // JSON in an event stream, marked nosniff
	e.buffer.Reset()
	if err != nil {
		return err
	}
	return e.rc.Flush()
}
