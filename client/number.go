package client

import (
	"math"
	"strconv"
	"time"
)

// maxNumber is the greatest whole number that every language's numbers hold exactly.
const maxNumber = 1<<53 - 1

// number reads ASCII digits in canonical form.
func number(s string, limit int64) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n >= 0 && n <= limit && strconv.FormatInt(n, 10) == s
}

func exitCode(s string) (int, bool) {
	n, err := strconv.ParseInt(s, 10, 32)
	return int(n), err == nil && strconv.FormatInt(n, 10) == s
}

// rfc3339 is cut to milliseconds: clients in other languages have no finer times.
func rfc3339(s string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, false
	}
	return t.UTC().Truncate(time.Millisecond), true
}

const stampLayout = "2006-01-02T15:04:05.000Z"

func stamp(t time.Time) string { return t.UTC().Truncate(time.Millisecond).Format(stampLayout) }

// timestamp reads what an event's own timestamp may be.
func timestamp(s string) time.Time {
	const milliseconds = 13
	if n, ok := number(s, math.MaxInt32*100); ok {
		return time.Unix(n, 0).UTC()
	}
	if n, ok := number(s, maxNumber); ok && len(s) == milliseconds {
		return time.UnixMilli(n).UTC()
	}
	t, _ := rfc3339(s)
	return t
}
