package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/trouble"
)

// teller is where the status stream comes from.
type teller interface {
	Story(ctx context.Context, id event.ID) (story []redis.Said, last string, err error)
	Follow(ctx context.Context, id event.ID, last string) (news []redis.Said, next string, err error)
}

// follow shows what becomes of an event until nothing more will: a table on a terminal, a line for each change elsewhere.
func follow(ctx context.Context, from teller, id event.ID, w io.Writer) error {
	show := lines(w)
	if isTerminal(w) {
		show = newLive(w).show
	}
	news, last, err := from.Story(ctx, id)
	for {
		if ctx.Err() != nil {
			return fmt.Errorf("stopped watching; the event goes on: ottoscaler explain %s", id)
		}
		if err != nil {
			return fail(trouble.Redis, err)
		}
		if err := show(news); err != nil {
			return err
		}
		if n := len(news); n > 0 && news[n-1].Ends() {
			return judge(news[n-1])
		}
		news, last, err = from.Follow(ctx, id, last)
	}
}

// judge is the exit code of an event's last word.
func judge(end redis.Said) error {
	if end.Kind() == "rejected" {
		return usageError{fmt.Errorf("the event was rejected: %s (%s)", clean(end.Fields["message"]), clean(end.Fields["reason"]))}
	}
	failed, _ := strconv.Atoi(end.Fields["n_failed"])
	lost, _ := strconv.Atoi(end.Fields["n_lost"])
	if failed+lost == 0 {
		return nil
	}
	return exitError{exitFailed, fmt.Errorf("workers failed: %d, lost: %d", failed, lost)}
}

// sentence says one status entry in words.
func sentence(s redis.Said) string {
	f := s.Fields
	words := []string{s.Kind()}
	switch s.Kind() {
	case "worker":
		words = []string{"worker", f["index"], f["state"]}
		if f["attempt"] != "1" {
			words = append(words, "(attempt "+f["attempt"]+")")
		}
		if f["node"] != "" {
			words = append(words, "on", f["node"])
		}
		if f["exit_code"] != "" {
			words = append(words, "exit code", f["exit_code"])
		}
	case "closed":
		words = append(words, fmt.Sprintf("%s succeeded, %s failed, %s cancelled, %s lost",
			f["n_succeeded"], f["n_failed"], f["n_cancelled"], f["n_lost"]))
	}
	for _, name := range []string{"reason", "message"} {
		if f[name] != "" {
			words = append(words, "·", f[name])
		}
	}
	if code := codeIn(f); code != "" {
		words = append(words, "·", code)
	}
	return clean(strings.Join(words, " "))
}

// codeIn is the code of a status entry; one of an earlier version does not say it.
func codeIn(fields map[string]string) string {
	return cmp.Or(fields["code"], trouble.OfReason(fields["reason"]))
}

func lines(w io.Writer) func([]redis.Said) error {
	return func(news []redis.Said) error {
		for _, s := range news {
			if _, err := fmt.Fprintf(w, "%s  %s\n", clean(s.Fields["at"]), sentence(s)); err != nil {
				return err
			}
		}
		return nil
	}
}
