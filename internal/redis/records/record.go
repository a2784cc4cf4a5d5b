package records

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/text"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// The record of an event is a hash:
//
//	type pod_count …  the fields of event.Fields, as in the entry; absent where they are empty
//	m:<key>           metadata, and the fields that came after the first version: an older release, after a rollback, takes
//	                  them for metadata
//	hash accepted_at  the content hash, for people, and when the entry was accepted
//	seq               of the last entry on the status stream that the record contains
//	s<slot>           state or outcome of one slot: see encodeSlot; a scale_down has none
//	victims           of a settled scale_down: see encodeVictims
//	rebuilt           when it was, from the event's Pods: whoever has none is lost
//	settled closed    since when it is
//	n_succeeded n_failed n_cancelled n_lost
//	                  once it is closed, in place of slots and victims; of a scale_down the outcomes of its victims so far
//	outcomes          of a closed scale_up: see encodeOutcomes
//
// It is a part of the contract, docs/status-stream.md describes it: fields are only added, and unknown ones are ignored.
const (
	metaPrefix    = "m:"
	slotPrefix    = "s"
	fieldVictims  = "victims"
	fieldOutcomes = "outcomes"
	fieldSeq      = "seq"
	fieldRebuilt  = "rebuilt"
	// maxSlots bounds what a hostile pod_count in a record makes the process allocate.
	maxSlots = 100_000
)

// encodeEvent returns the fields and values of a new record.
func encodeEvent(e *event.Event, hash string, at time.Time) []any {
	fields := []any{"hash", hash, "accepted_at", stamp(at)}
	for name, value := range e.Fields() {
		if !isPlain(name) {
			name = metaPrefix + name
		}
		fields = append(fields, name, value)
	}
	return fields
}

// isPlain reports whether a record has a field of the entry under its own name.
func isPlain(name string) bool { return event.IsField(name) && !event.IsAdded(name) }

// encodeRecord returns the fields and values of a whole record. When it was settled or closed is not known any more, so
// at is written.
func encodeRecord(r *worker.Record, hash string, at time.Time) []any {
	accepted := r.AcceptedAt
	if accepted.IsZero() {
		accepted = at
	}
	fields := encodeEvent(&r.Event, hash, accepted)
	switch {
	case r.Closed && hasOutcomes(r.Slots):
		fields = append(fields, fieldOutcomes, encodeOutcomes(r.Slots))
	case !r.Closed:
		for i := range r.Slots {
			if r.Slots[i].Attempt > 0 {
				fields = append(fields, slotField(i+1), encodeSlot(r.Slots[i]))
			}
		}
	}
	if r.Rebuilt {
		fields = append(fields, fieldRebuilt, stamp(at))
	}
	if r.Seq > 0 {
		fields = append(fields, fieldSeq, r.Seq)
	}
	if r.Settled {
		fields = append(fields, "settled", stamp(at))
	}
	if len(r.Victims) > 0 {
		fields = append(fields, fieldVictims, encodeVictims(r.Victims))
	}
	if r.Event.Type != event.ScaleUp || r.Closed {
		fields = append(fields, counts(r.Counts)...)
	}
	if r.Closed {
		fields = append(fields, "closed", stamp(at))
	}
	return fields
}

// decodeRecord decodes the hash at key. It is strict: one field that is not as encoded makes the record unreadable, and
// the error is a *redis.RecordError.
func decodeRecord(id event.ID, key string, fields map[string]string) (worker.Record, error) {
	d := recordDecoder{key: key, entry: make(map[string]string), slots: make(map[int]worker.SlotRecord)}
	for name, value := range fields {
		if problem := d.field(name, value); problem != "" {
			return worker.Record{}, &redis.RecordError{Key: key, Field: name, Problem: problem}
		}
	}
	if err := d.event(id); err != nil {
		return worker.Record{}, err
	}
	if d.record.Event.Type == event.ScaleDown {
		return d.record, d.fillVictims()
	}
	return d.record, d.fillSlots()
}

type recordDecoder struct {
	key   string
	entry map[string]string // the fields as they were in the stream
	slots map[int]worker.SlotRecord
	// victims and outcomes are encoded; nil: no such field
	victims, outcomes *string
	record            worker.Record
}

// field decodes one field and returns what is wrong with it, or nothing.
func (d *recordDecoder) field(name, value string) string {
	if isPlain(name) {
		d.entry[name] = value
		return ""
	}
	switch name {
	case "hash":
		return ""
	case "accepted_at":
		d.record.AcceptedAt, _ = time.Parse(stampLayout, value)
		return checkStamp(value)
	case fieldVictims:
		d.victims = &value
		return ""
	case fieldOutcomes:
		d.outcomes = &value
		return ""
	case fieldSeq:
		if problem := decodeCount(value, math.MaxInt32, &d.record.Seq); problem != "" || d.record.Seq > 0 {
			return problem
		}
		return "entries are numbered from 1"
	case fieldRebuilt:
		d.record.Rebuilt = true
		return checkStamp(value)
	case "settled":
		d.record.Settled = true
		return checkStamp(value)
	case "closed":
		d.record.Closed = true
		return checkStamp(value)
	}
	if key, ok := strings.CutPrefix(name, metaPrefix); ok {
		return d.metadata(key, value)
	}
	if count := d.count(name); count != nil {
		return decodeCount(value, maxSlots, count)
	}
	return d.slot(name, value)
}

func (d *recordDecoder) metadata(key, value string) string {
	if isPlain(key) && key != event.FieldBaggage { // that was metadata before it was a field
		return "not a valid metadata key"
	}
	d.entry[key] = value
	return ""
}

func (d *recordDecoder) count(name string) *int {
	switch name {
	case "n_succeeded":
		return &d.record.Counts.Succeeded
	case "n_failed":
		return &d.record.Counts.Failed
	case "n_cancelled":
		return &d.record.Counts.Cancelled
	case "n_lost":
		return &d.record.Counts.Lost
	}
	return nil
}

func decodeCount(value string, limit int64, to *int) string {
	n, ok := number(value, limit)
	*to = int(n)
	if !ok {
		return fmt.Sprintf("%q is not a count", text.Clip(value, maxQuoted))
	}
	return ""
}

func (d *recordDecoder) slot(name, value string) string {
	digits, isSlot := strings.CutPrefix(name, slotPrefix)
	n, ok := number(digits, maxSlots)
	switch {
	case name == "", event.IsField(name): // recorded with a prefix
		return "not a field of a record"
	case !isSlot || digits == "" || strings.Trim(digits, "0123456789") != "":
		return "" // a later release's
	case !ok || n == 0:
		return "not a slot"
	}
	slot, err := decodeSlot(value)
	if err != nil {
		return err.Error()
	}
	d.slots[int(n)] = slot
	return ""
}

// event decodes the entry's own fields by the rules of the stream. What the operator may change between two starts
// (templates, deadlines, the limit of pod_count) was checked when the event was accepted.
func (d *recordDecoder) event(id event.ID) error {
	ev, rejection := event.Recall(id, d.entry, maxSlots)
	if rejection != nil {
		return &redis.RecordError{Key: d.key, Problem: rejection.Reason}
	}
	d.record.Event = ev
	return nil
}

func (d *recordDecoder) fillSlots() error {
	if d.victims != nil {
		return &redis.RecordError{Key: d.key, Field: fieldVictims, Problem: "only a scale_down has victims"}
	}
	if d.outcomes != nil {
		return d.fillOutcomes()
	}
	slots := make([]worker.SlotRecord, d.record.Event.PodCount)
	for n, slot := range d.slots {
		if n > len(slots) {
			return &redis.RecordError{Key: d.key, Field: slotField(n), Problem: fmt.Sprintf("pod_count is %d", len(slots))}
		}
		slots[n-1] = slot
	}
	d.record.Slots = slots
	return nil
}

// fillOutcomes gives each slot of a closed event its outcome.
func (d *recordDecoder) fillOutcomes() (err error) {
	problem := ""
	switch {
	case !d.record.Closed:
		problem = "only a closed event has outcomes"
	case len(d.slots) > 0:
		problem = "a closed event has no slots"
	default:
		if d.record.Slots, err = decodeOutcomes(*d.outcomes, d.record.Event.PodCount); err != nil {
			problem = err.Error()
		}
	}
	if problem != "" {
		return &redis.RecordError{Key: d.key, Field: fieldOutcomes, Problem: problem}
	}
	return nil
}

func (d *recordDecoder) fillVictims() (err error) {
	for n := range d.slots {
		return &redis.RecordError{Key: d.key, Field: slotField(n), Problem: "a scale_down has no slots"}
	}
	if d.victims == nil {
		return nil
	}
	if d.record.Victims, err = decodeVictims(*d.victims, &d.record.Event); err != nil {
		return &redis.RecordError{Key: d.key, Field: fieldVictims, Problem: err.Error()}
	}
	return nil
}

func slotField(slot int) string { return slotPrefix + strconv.Itoa(slot) }

// stampLayout is RFC 3339 with milliseconds.
const stampLayout = "2006-01-02T15:04:05.000Z07:00"

func stamp(t time.Time) string { return t.UTC().Format(stampLayout) }

func checkStamp(s string) string {
	if t, err := time.Parse(stampLayout, s); err != nil || stamp(t) != s {
		return fmt.Sprintf("%q is not a time", text.Clip(s, maxQuoted))
	}
	return ""
}

// number parses 0..limit in canonical form.
func number(s string, limit int64) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n >= 0 && n <= limit && strconv.FormatInt(n, 10) == s
}
