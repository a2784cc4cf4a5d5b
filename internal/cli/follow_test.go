package cli

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
)

func TestFollow(t *testing.T) {
	closed := func(failed, lost string) inspect.StatusEntry {
		return entry("kind", "closed", "n_succeeded", "1", "n_failed", failed, "n_cancelled", "0", "n_lost", lost)
	}
	accepted := entry("kind", "accepted")
	rejected := entry("kind", "rejected", "reason", "poison", "code", "OTTO536", "message", "m")
	for name, test := range map[string]struct {
		status fakeStatus
		code   int
		last   string
	}{
		"succeeded":     {fakeStatus{[]inspect.StatusEntry{accepted}, []inspect.StatusEntry{closed("0", "0")}}, 0, "closed 1 succeeded, 0 failed, 0 cancelled, 0 lost"},
		"closed before": {fakeStatus{[]inspect.StatusEntry{accepted, closed("0", "0")}, nil}, 0, "closed 1 succeeded, 0 failed, 0 cancelled, 0 lost"},
		"failed":        {fakeStatus{nil, []inspect.StatusEntry{accepted, closed("1", "0")}}, exitFailed, "closed 1 succeeded, 1 failed, 0 cancelled, 0 lost"},
		"lost":          {fakeStatus{nil, []inspect.StatusEntry{closed("0", "2")}}, exitFailed, "closed 1 succeeded, 0 failed, 0 cancelled, 2 lost"},
		"rejected":      {fakeStatus{nil, []inspect.StatusEntry{rejected}}, exitUsage, "rejected · poison · m · OTTO536"},
		"duplicate":     {fakeStatus{nil, []inspect.StatusEntry{entry("kind", "duplicate", "message", "m")}}, 0, "duplicate · m"},
		"read error":    {fakeStatus{nil, []inspect.StatusEntry{accepted}}, exitBroken, "accepted"},
	} {
		var out bytes.Buffer
		if got := exitCode(follow(t.Context(), &test.status, testID, &out)); got != test.code {
			t.Errorf("%s: exit code %d, want %d", name, got, test.code)
		}
		all := strings.Split(strings.TrimSpace(out.String()), "\n")
		if got := all[len(all)-1]; got != "2025-08-31T17:03:22.943Z  "+test.last {
			t.Errorf("%s: last line %q, want %q", name, got, test.last)
		}
	}
}

// TestFollowStops: Ctrl-C ends the watching, and the error names the command that continues.
func TestFollowStops(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var out bytes.Buffer
	err := follow(ctx, &fakeStatus{[]inspect.StatusEntry{entry("kind", "accepted")}, nil}, testID, &out)
	if exitCode(err) != exitBroken || out.Len() > 0 || !strings.Contains(err.Error(), "the event continues: ottoscaler explain "+testID.String()) {
		t.Errorf("got error %v, output %q", err, out.String())
	}
}

// TestEntryCode: entries of earlier versions have no code.
func TestEntryCode(t *testing.T) {
	for name, test := range map[string]struct {
		entry inspect.StatusEntry
		want  string
	}{
		"its own":            {entry("kind", "worker", "reason", "OOMKilled", "code", "OTTO999"), "OTTO999"},
		"of its reason":      {entry("kind", "worker", "reason", "OOMKilled"), "OTTO508"},
		"program's own end":  {entry("kind", "worker", "reason", "Error"), ""},
		"unknown reason":     {entry("kind", "worker", "reason", "Other"), ""},
		"rejection":          {entry("kind", "rejected", "reason", "invalid_type"), "OTTO401"},
		"rejection, trimmed": {entry("kind", "rejected", "reason", "trimmed"), "OTTO535"},
		"no reason":          {entry("kind", "accepted"), ""},
	} {
		if got := entryCode(test.entry.Fields); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

// TestLiveTable: the table is redrawn in place, and text of producers and Pods moves no cursor.
func TestLiveTable(t *testing.T) {
	var out bytes.Buffer
	table := newLiveTable(&out)
	for _, entries := range [][]inspect.StatusEntry{
		{entry("kind", "accepted")},
		{entry("kind", "worker", "index", "1", "worker", "w-1", "state", "created", "attempt", "1")},
		nil,
		{entry("kind", "worker", "index", "1", "worker", "w-1", "state", "failed", "attempt", "1", "reason", "\x1b[2J", "code", "OTTO508", "exit_code", "7")},
	} {
		if err := table.update(entries); err != nil {
			t.Fatal(err)
		}
	}
	want := "\x1b[?7laccepted\n" +
		"\x1b[?7h\x1b[1A\x1b[J\x1b[?7laccepted\nWORKER  STATE    ATTEMPT  NODE  REASON  CODE  EXIT\nw-1     created  1\n" +
		"\x1b[?7h\x1b[3A\x1b[J\x1b[?7laccepted\nWORKER  STATE   ATTEMPT  NODE  REASON  CODE     EXIT\nw-1     failed  1               [2J    OTTO508  7\n\x1b[?7h"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
