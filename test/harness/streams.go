//go:build real

package harness

import (
	"fmt"
	"strconv"

	goredis "github.com/redis/go-redis/v9"
)

// The keys of every Stack.
const (
	Stream    = "otto:scale:events"
	StatusKey = "{" + Stream + "}:status"
	DeadKey   = "{" + Stream + "}:dead"
	OpenKey   = "{" + Stream + "}:open"

	ControlKey = "{" + Stream + "}:control"
	PauseKey   = "{" + Stream + "}:pause"
	QueuesKey  = "{" + Stream + "}:queues"
)

// Add sends an entry with an ID from Redis; pairs are field, value, field, value.
func (s *Stack) Add(pairs ...any) string {
	s.t.Helper()
	id, err := s.Redis.XAdd(s.t.Context(), &goredis.XAddArgs{Stream: Stream, Values: pairs}).Result()
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// SetPaused pauses or resumes a queue, or all of them (`*`), as `ottoscaler pause` and `resume` do.
func (s *Stack) SetPaused(queue string, pause bool) {
	s.t.Helper()
	err := s.Redis.XAdd(s.t.Context(), &goredis.XAddArgs{Stream: ControlKey, Values: []any{
		"queue", queue, "on", strconv.FormatBool(pause), "by", "a test", "reason", "a test",
	}}).Err()
	if err != nil {
		s.t.Fatal(err)
	}
	s.Eventually("the command to be applied", func() error {
		paused, err := s.Redis.HExists(s.t.Context(), PauseKey, queue).Result()
		if err == nil && paused != pause {
			err = fmt.Errorf("queue %s is paused: %v", queue, paused)
		}
		return err
	})
}

// Entries returns a stream's entries as flat maps, with the entry's ID as `entry`.
func (s *Stack) Entries(stream string) []map[string]string {
	s.t.Helper()
	messages, err := s.Redis.XRange(s.t.Context(), stream, "-", "+").Result()
	if err != nil {
		s.t.Fatal(err)
	}
	var out []map[string]string
	for _, m := range messages {
		e := map[string]string{"entry": m.ID}
		for k, v := range m.Values {
			e[k] = fmt.Sprint(v)
		}
		out = append(out, e)
	}
	return out
}

// Status returns the status entries of an event.
func (s *Stack) Status(event string) []map[string]string {
	s.t.Helper()
	var out []map[string]string
	for _, e := range s.Entries(StatusKey) {
		if e["event_id"] == event {
			out = append(out, e)
		}
	}
	return out
}

// Dead returns the entries of the dead-letter stream.
func (s *Stack) Dead() []map[string]string {
	s.t.Helper()
	return s.Entries(DeadKey)
}

// Pending returns the number of entries delivered and not acknowledged.
func (s *Stack) Pending() int64 {
	s.t.Helper()
	n, err := s.pending()
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s *Stack) pending() (int64, error) {
	p, err := s.Redis.XPending(s.t.Context(), Stream, "ottoscaler").Result()
	if err != nil {
		return 0, err
	}
	return p.Count, nil
}
