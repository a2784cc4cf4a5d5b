package event

import (
	"math"
	"regexp"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/text"
)

var (
	queueForm = regexp.MustCompile(`^[A-Za-z0-9._/-]{1,63}$`)
	classForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,63}$`)
)

// ValidQueue reports whether a text may be the name of a queue.
func ValidQueue(s string) bool { return queueForm.MatchString(s) }

// ValidPriority reports whether a text may be the name of a priority class.
func ValidPriority(s string) bool { return classForm.MatchString(s) }

func (d *decoder) queue(value string, sent bool) *Rejection {
	d.event.Queue = DefaultQueue
	if !sent {
		return nil
	}
	if !ValidQueue(value) {
		return Reject(CodeQueue, "queue is %q: want 1 to %d ASCII letters, digits, dots, slashes, hyphens and underscores",
			text.Ellipsis(value, maxQuoted), maxQueue)
	}
	d.event.Queue = value
	return nil
}

func (d *decoder) priority(value string, sent bool) *Rejection {
	if sent && !ValidPriority(value) {
		return Reject(CodePriority, "priority is %q: want the name of a priority class, such as low, normal or high",
			text.Ellipsis(value, maxQuoted))
	}
	d.event.Priority = value
	return nil
}

func (d *decoder) maxParallel(value string, sent bool) *Rejection {
	if !sent {
		return nil
	}
	n, ok := digits(value, math.MaxInt32)
	if !ok || n < 1 {
		return Reject(CodeMaxParallel, "max_parallel is %q: want 1 or more, in ASCII digits alone", text.Ellipsis(value, maxQuoted))
	}
	d.event.MaxParallel = int(n)
	return nil
}

func (d *decoder) startDeadline(value string, sent bool) *Rejection {
	if !sent {
		return nil
	}
	n, ok := digits(value, math.MaxInt32)
	if !ok || n < 1 {
		return Reject(CodeStartDeadline, "start_deadline_seconds is %q: want 1 to %d, in ASCII digits alone",
			text.Ellipsis(value, maxQuoted), math.MaxInt32)
	}
	d.event.StartDeadline = time.Duration(n) * time.Second
	return nil
}

// noPodCount is podCount of a cancel.
func noPodCount(sent bool) *Rejection {
	if sent {
		return Reject(CodeCancel, "a cancel takes no pod_count: it cancels every worker that has not ended")
	}
	return nil
}

// target is that of a cancel. Of other types the field is metadata: producers have had one of that name.
func (d *decoder) target(value string, sent bool) *Rejection {
	switch {
	case !sent:
		return nil
	case d.event.Type != Cancel:
		d.kept = append(d.kept, FieldEventID)
		return nil
	}
	id, err := ParseID(value)
	if err != nil || id.IsZero() {
		return Reject(CodeCancel, "event_id is %q: want the ID of an entry, such as 1756659802903-0", text.Ellipsis(value, maxQuoted))
	}
	d.event.Target = id
	return nil
}

// checkCancel comes last: which workers a cancel means follows from several fields.
func (d *decoder) checkCancel() *Rejection {
	_, hasQueue := d.fields[FieldQueue]
	hasEvent, hasTask := !d.event.Target.IsZero(), d.fields[FieldTaskID] != ""
	switch {
	case d.event.Type != Cancel:
		return nil
	case hasEvent == hasTask:
		return Reject(CodeCancel, "a cancel takes exactly one of event_id and task_id")
	case hasEvent && hasQueue:
		return Reject(CodeCancel, "a cancel with event_id takes no queue: the event has its own")
	}
	return nil
}
