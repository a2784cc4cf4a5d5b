package inspect

import (
	"context"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
)

// Origin is what is known of where an event came from, for its trace. It is as it was sent: an event may be no valid one.
type Origin struct {
	Type        string
	PodCount    int // 0: not known, or none
	Template    string
	Traceparent string
	Tracestate  string
	AcceptedAt  time.Time // zero: not known, or it never was
}

// originFields are those of a record; the entry has all but the last.
var originFields = []string{"type", "pod_count", "template", "traceparent", "tracestate", "accepted_at"}

// Origins looks events up: in their records, and in the source stream where there is none, as of a rejected entry. What neither has
// any more is left out.
func (r *Reader) Origins(ctx context.Context, ids []event.ID) (map[event.ID]Origin, error) {
	all := make(map[event.ID]Origin, len(ids))
	found := make([]*goredis.SliceCmd, len(ids))
	_, err := r.client.Commands().Pipelined(ctx, func(p goredis.Pipeliner) error {
		for i, id := range ids {
			found[i] = p.HMGet(ctx, r.keys.Event(id), originFields...)
		}
		return nil
	})
	if err != nil && !redis.Replied(err, "WRONGTYPE") { // somebody else's key stands for no record; the others were answered
		return nil, r.client.Wrap("reading the records of events", err)
	}
	var missing []event.ID
	for i, id := range ids {
		fields := make(map[string]string)
		for j, v := range found[i].Val() {
			if value, ok := v.(string); ok {
				fields[originFields[j]] = value
			}
		}
		if fields["type"] == "" {
			missing = append(missing, id)
			continue
		}
		all[id] = newOrigin(fields)
	}
	return all, r.addEntries(ctx, missing, all)
}

// addEntries looks in the source stream.
func (r *Reader) addEntries(ctx context.Context, ids []event.ID, into map[event.ID]Origin) error {
	if len(ids) == 0 {
		return nil
	}
	found := make([]*goredis.XMessageSliceCmd, len(ids))
	_, err := r.client.Commands().Pipelined(ctx, func(p goredis.Pipeliner) error {
		for i, id := range ids {
			found[i] = p.XRange(ctx, r.keys.Stream, id.String(), id.String())
		}
		return nil
	})
	for i, id := range ids {
		if entries := found[i].Val(); len(entries) > 0 {
			fields := toStrings(entries[0].Values)
			delete(fields, "accepted_at")
			into[id] = newOrigin(fields)
		}
	}
	return r.client.Wrap("reading entries of "+r.keys.Stream, err)
}

// newOrigin takes what is no number or no time for not known.
func newOrigin(fields map[string]string) Origin {
	count, _ := strconv.Atoi(fields["pod_count"])
	accepted, _ := time.Parse(time.RFC3339, fields["accepted_at"])
	return Origin{
		Type: fields["type"], PodCount: max(0, count), Template: fields["template"], Traceparent: fields["traceparent"],
		Tracestate: fields["tracestate"], AcceptedAt: accepted,
	}
}
