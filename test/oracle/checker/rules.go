package checker

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// want is what a valid entry asks for, by the oracle's own decoding.
type want struct {
	Type   string
	Count  int // 0 of a cancel
	Queue  string
	TaskID string
	Key    string // idempotency key
	Target string // of a cancel: the event, if it names one
	// MaxParallel is how many of the workers may have a Pod at once; 0: all.
	MaxParallel   int
	StartDeadline time.Duration // 0: none of its own
	Content       string        // equal for two entries that ask for the same, ignoring time and trace
}

// eventFields are the fields of an event; all others are metadata.
var eventFields = []string{
	"type", "pod_count", "task_id", "timestamp", "idempotency_key", "template", "deadline_seconds", "traceparent", "tracestate",
	"baggage",
	"queue", "priority", "max_parallel", "start_deadline_seconds", "image", "cpu", "memory", "event_id",
}

// laterFields count in the bounds of metadata all the same.
var laterFields = eventFields[10:]

var (
	asciiDigits = regexp.MustCompile(`^[0-9]+$`)
	variable    = regexp.MustCompile(`[^A-Z0-9]`)
	queueName   = regexp.MustCompile(`^[A-Za-z0-9._/-]{1,63}$`)

	// overrideForms match zero too, which is no quantity.
	overrideForms = map[string]*regexp.Regexp{
		"image":  regexp.MustCompile(`^([A-Za-z0-9.-]+(:[0-9]+)?/)?[a-z0-9]+([._/-]+[a-z0-9]+)*(:[\w][\w.-]*)?(@sha256:[0-9a-f]{64})?$`),
		"cpu":    regexp.MustCompile(`^([0-9]+(\.[0-9]{1,3})?|[0-9]+m)$`),
		"memory": regexp.MustCompile(`^([0-9]+|[0-9]+(\.[0-9]{1,3})?(k|M|G|T|P|Ki|Mi|Gi|Ti|Pi))$`),
	}
)

// readEntry returns what an entry asks for, or the reason why it is invalid.
func readEntry(fields map[string]string, in *Input) (w want, reason string) {
	w = want{
		Type: fields["type"], TaskID: fields["task_id"], Key: fields["idempotency_key"], Queue: cmp.Or(fields["queue"], "default"),
	}
	if !slices.Contains([]string{"scale_up", "scale_down", "cancel"}, w.Type) {
		return want{}, fmt.Sprintf("its type is %.40q", w.Type)
	}
	for _, check := range []func(map[string]string, *Input) string{
		checkCount, checkTexts, checkTime, checkTemplate, checkQueue, checkOverrides, checkCancel, checkMetadata,
	} {
		if reason := check(fields, in); reason != "" {
			return want{}, reason
		}
	}
	if count, _ := number(fields["pod_count"], int64(in.MaxPods)); w.Type != "cancel" {
		w.Count = int(count)
	} else {
		w.Target = fields["event_id"]
	}
	parallel, _ := number(fields["max_parallel"], math.MaxInt32)
	seconds, _ := number(fields["start_deadline_seconds"], math.MaxInt32)
	w.MaxParallel, w.StartDeadline = int(parallel), time.Duration(seconds)*time.Second
	w.Content = content(fields, w)
	return w, ""
}

func checkCount(fields map[string]string, in *Input) string {
	count, sent := fields["pod_count"]
	_, ok := number(count, int64(in.MaxPods))
	if isCancel := fields["type"] == "cancel"; isCancel && sent || !isCancel && !ok {
		return fmt.Sprintf("its pod_count is %.40q", count)
	}
	return ""
}

// number reads 1..limit in ASCII digits alone.
func number(s string, limit int64) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, asciiDigits.MatchString(s) && err == nil && n >= 1 && n <= limit
}

func checkTexts(fields map[string]string, _ *Input) string {
	if !shortText(fields["task_id"], 128) {
		return "its task_id is too long or not plain text"
	}
	key, sent := fields["idempotency_key"]
	if sent && (key == "" || !shortText(key, 128)) {
		return "its idempotency_key is empty, too long or not plain text"
	}
	return ""
}

// shortText: valid UTF-8 of one line.
func shortText(s string, limit int) bool {
	return len(s) <= limit && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

func checkTime(fields map[string]string, _ *Input) string {
	s, sent := fields["timestamp"]
	if !sent {
		return ""
	}
	at, err := time.Parse(time.RFC3339, s)
	if asciiDigits.MatchString(s) {
		var seconds int64
		seconds, err = strconv.ParseInt(s, 10, 64)
		at = time.Unix(min(seconds, math.MaxInt32*1000), 0)
		if len(s) == 13 {
			at = time.UnixMilli(seconds)
		}
	}
	if err != nil || at.UTC().Year() > 9999 {
		return fmt.Sprintf("its timestamp is %.40q", s)
	}
	return ""
}

func checkTemplate(fields map[string]string, in *Input) string {
	if name, sent := fields["template"]; sent && !slices.Contains(in.Templates, name) {
		return fmt.Sprintf("unknown template %.40q", name)
	}
	limit := int64(math.MaxInt32)
	if in.Deadline > 0 {
		limit = int64(in.Deadline / time.Second)
	}
	s, sent := fields["deadline_seconds"]
	if _, ok := number(s, limit); sent && !ok {
		return fmt.Sprintf("its deadline_seconds is %.40q", s)
	}
	return ""
}

// checkQueue: the operator's classes of priority, and those up to the highest that he allows, are in.Priorities.
func checkQueue(fields map[string]string, in *Input) string {
	if queue, sent := fields["queue"]; sent && !queueName.MatchString(queue) {
		return fmt.Sprintf("its queue is %.80q", queue)
	}
	if class, sent := fields["priority"]; sent && !slices.Contains(in.Priorities, class) {
		return fmt.Sprintf("its priority is %.80q", class)
	}
	for _, field := range []string{"max_parallel", "start_deadline_seconds"} {
		if value, sent := fields[field]; sent {
			if _, ok := number(value, math.MaxInt32); !ok {
				return fmt.Sprintf("its %s is %.40q", field, value)
			}
		}
	}
	return ""
}

func checkOverrides(fields map[string]string, in *Input) string {
	for field, form := range overrideForms {
		value, sent := fields[field]
		zero := field != "image" && !strings.ContainsAny(value, "123456789")
		if sent && (!in.Overrides || len(value) > 512 || !form.MatchString(value) || zero) {
			return fmt.Sprintf("its %s is %.80q, and overrides are allowed: %v", field, value, in.Overrides)
		}
	}
	return ""
}

func checkCancel(fields map[string]string, _ *Input) string {
	if fields["type"] != "cancel" {
		return ""
	}
	event, byEvent := fields["event_id"]
	_, inQueue := fields["queue"]
	at, isID := parseID(event)
	switch {
	case byEvent == (fields["task_id"] != ""):
		return "it names both an event and a task, or neither"
	case byEvent && (!isID || at == id{} || at.String() != event):
		return fmt.Sprintf("its event_id is %.60q", event)
	case byEvent && inQueue:
		return "it names an event and a queue"
	}
	return ""
}

// checkMetadata also rejects what neither an environment variable nor JSON can carry: NUL, invalid UTF-8, an empty name.
func checkMetadata(fields map[string]string, _ *Input) string {
	count, total, seen := 0, 0, make(map[string]bool)
	for key, value := range fields {
		if slices.Contains(eventFields, key) && !slices.Contains(laterFields, key) {
			continue
		}
		count++
		total += len(key) + len(value)
		name := variable.ReplaceAllString(asciiUpper(key), "_")
		switch {
		case key == "" || len(key) > 64 || len(value) > 1024:
			return fmt.Sprintf("the metadata field %.40q is too long or empty", key)
		case !utf8.ValidString(key) || !utf8.ValidString(value) || strings.Contains(value, "\x00"):
			return fmt.Sprintf("the metadata field %.40q is not text", key)
		case seen[name]:
			return fmt.Sprintf("two metadata keys map to %.40q", name)
		}
		seen[name] = true
	}
	if count > 16 || total > 8192 {
		return fmt.Sprintf("%d metadata fields with %d bytes", count, total)
	}
	return ""
}

// asciiUpper keeps other scripts: none of their letters may become one of A to Z.
func asciiUpper(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, s)
}

// content is the canonical text of a request.
func content(fields map[string]string, w want) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d", w.Type, w.Count)
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		switch key {
		case "type", "pod_count", "timestamp", "idempotency_key", "traceparent", "tracestate", "baggage":
		case "queue":
			if w.Queue != "default" {
				fmt.Fprintf(&b, " %q=%q", key, w.Queue)
			}
		case "deadline_seconds", "max_parallel", "start_deadline_seconds":
			fmt.Fprintf(&b, " %q=%q", key, strings.TrimLeft(fields[key], "0"))
		default:
			fmt.Fprintf(&b, " %q=%q", key, fields[key])
		}
	}
	return b.String()
}
