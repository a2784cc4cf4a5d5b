package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/text"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// statusSource reads the status stream.
type statusSource interface {
	History(ctx context.Context, id event.ID) (history []inspect.StatusEntry, last string, err error)
	Follow(ctx context.Context, id event.ID, last string) (news []inspect.StatusEntry, next string, err error)
}

// follow prints the status of an event until its last entry: a table on a terminal, a line for each entry elsewhere.
func follow(ctx context.Context, source statusSource, id event.ID, w io.Writer) error {
	last, err := watch(ctx, source, id, w)
	if err != nil {
		return err
	}
	return exitStatus(last)
}

// watch is follow; it returns the last entry.
func watch(ctx context.Context, source statusSource, id event.ID, w io.Writer) (inspect.StatusEntry, error) {
	update := func(entries []inspect.StatusEntry) error { return printEntries(w, entries) }
	if isTerminal(w) {
		update = newLiveTable(w).update
	}
	entries, last, err := source.History(ctx, id)
	for {
		if ctx.Err() != nil {
			return inspect.StatusEntry{}, fmt.Errorf("stopped watching; the event continues: ottoscaler explain %s", id)
		}
		if err != nil {
			return inspect.StatusEntry{}, errcode.Wrap(errcode.Redis, err)
		}
		if err := update(entries); err != nil {
			return inspect.StatusEntry{}, err
		}
		if n := len(entries); n > 0 && entries[n-1].Ends() {
			return entries[n-1], nil
		}
		entries, last, err = source.Follow(ctx, id, last)
	}
}

// exitStatus is what the last status entry of an event means for the exit code; nil: success.
func exitStatus(last inspect.StatusEntry) error {
	f := last.Fields
	if last.Kind() == "rejected" {
		return usageError{fmt.Errorf("the event was rejected: %s (%s)", text.Printable(f["message"]), text.Printable(f["reason"]))}
	}
	failed, _ := strconv.Atoi(f["n_failed"])
	lost, _ := strconv.Atoi(f["n_lost"])
	if failed+lost == 0 {
		return nil
	}
	return exitError{exitFailed, fmt.Errorf("workers failed: %d, lost: %d", failed, lost)}
}

func printEntries(w io.Writer, entries []inspect.StatusEntry) error {
	for _, e := range entries {
		if _, err := fmt.Fprintf(w, "%s  %s\n", text.Printable(e.Fields["at"]), describe(e)); err != nil {
			return err
		}
	}
	return nil
}

// describe is a status entry as one printable line.
func describe(e inspect.StatusEntry) string {
	f := e.Fields
	words := []string{e.Kind()}
	switch e.Kind() {
	case "worker":
		words = describeWorker(f)
	case "closed":
		words = append(words, fmt.Sprintf("%s succeeded, %s failed, %s cancelled, %s lost",
			f["n_succeeded"], f["n_failed"], f["n_cancelled"], f["n_lost"]))
	}
	for _, detail := range []string{f["reason"], f["message"], entryCode(f)} {
		if detail != "" {
			words = append(words, "·", detail)
		}
	}
	return text.Printable(strings.Join(words, " "))
}

func describeWorker(f map[string]string) []string {
	words := []string{"worker", f["index"], f["state"]}
	if f["attempt"] != "1" {
		words = append(words, "(attempt "+f["attempt"]+")")
	}
	if f["node"] != "" {
		words = append(words, "on", f["node"])
	}
	if f["exit_code"] != "" {
		words = append(words, "exit code", f["exit_code"])
	}
	return words
}

// entryCode is the error code of a status entry; empty: it reports no failure. Earlier versions wrote entries without a code.
func entryCode(fields map[string]string) string {
	if fields["kind"] == "rejected" {
		return cmp.Or(fields["code"], string(event.ErrCode(fields["reason"])))
	}
	reason, _ := worker.ReasonOf(fields["reason"])
	return cmp.Or(fields["code"], string(reason.Code))
}
