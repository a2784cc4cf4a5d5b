package checker

import (
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
	Up      bool
	Count   int
	TaskID  string
	Key     string // idempotency key
	Content string // equal for two entries that ask for the same, ignoring time and trace
}

// eventFields are the fields of an event; all others are metadata.
var eventFields = []string{
	"type", "pod_count", "task_id", "timestamp", "idempotency_key", "template", "deadline_seconds", "traceparent", "tracestate",
}

var (
	asciiDigits = regexp.MustCompile(`^[0-9]+$`)
	traceparent = regexp.MustCompile(`^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$`)
	variable    = regexp.MustCompile(`[^A-Z0-9]`)
)

// readEntry returns what an entry asks for, or the reason why it is invalid.
func readEntry(fields map[string]string, in *Input) (w want, reason string) {
	w.Up = fields["type"] == "scale_up"
	if !w.Up && fields["type"] != "scale_down" {
		return want{}, fmt.Sprintf("its type is %.40q", fields["type"])
	}
	count, ok := number(fields["pod_count"], int64(in.MaxPods))
	if !ok {
		return want{}, fmt.Sprintf("its pod_count is %.40q", fields["pod_count"])
	}
	w.Count, w.TaskID, w.Key = int(count), fields["task_id"], fields["idempotency_key"]
	for _, check := range []func(map[string]string, *Input) string{checkTexts, checkTime, checkTemplate, checkTrace, checkMetadata} {
		if reason := check(fields, in); reason != "" {
			return want{}, reason
		}
	}
	w.Content = content(fields, w)
	return w, ""
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

func checkTrace(fields map[string]string, _ *Input) string {
	if !shortText(fields["tracestate"], 512) {
		return "its tracestate is too long or not plain text"
	}
	s := fields["traceparent"]
	if s == "" {
		return ""
	}
	if !shortText(s, 512) || !traceparent.MatchString(s) || s[:2] == "ff" || s[:2] == "00" && len(s) > 55 ||
		strings.Trim(s[3:35], "0") == "" || strings.Trim(s[36:52], "0") == "" {
		return fmt.Sprintf("its traceparent is %.60q", s)
	}
	return ""
}

// checkMetadata also rejects what neither an environment variable nor JSON can carry: NUL, invalid UTF-8, an empty name.
func checkMetadata(fields map[string]string, _ *Input) string {
	count, total, seen := 0, 0, make(map[string]bool)
	for key, value := range fields {
		if slices.Contains(eventFields, key) {
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
	fmt.Fprintf(&b, "%v %d", w.Up, w.Count)
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		switch key {
		case "type", "pod_count", "timestamp", "idempotency_key", "traceparent", "tracestate":
		case "deadline_seconds":
			fmt.Fprintf(&b, " %q=%q", key, strings.TrimLeft(fields[key], "0"))
		default:
			fmt.Fprintf(&b, " %q=%q", key, fields[key])
		}
	}
	return b.String()
}
