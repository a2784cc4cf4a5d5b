package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/trouble"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// teller is where the status stream comes from.
type teller interface {
	Story(ctx context.Context, id worker.ID) (story []redis.Said, last string, err error)
	Follow(ctx context.Context, id worker.ID, last string) (news []redis.Said, next string, err error)
}

// follow shows what becomes of an event until nothing more will: a table on a terminal, a line for each change elsewhere.
func follow(ctx context.Context, from teller, id worker.ID, w io.Writer) error {
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

// live is a table that is drawn over itself.
type live struct {
	w       io.Writer
	event   string
	workers map[int][]string
	drawn   int // lines on the screen
}

func newLive(w io.Writer) *live { return &live{w: w, workers: make(map[int][]string)} }

func (l *live) show(news []redis.Said) error {
	if len(news) == 0 {
		return nil
	}
	for _, s := range news {
		f := s.Fields
		if s.Kind() != "worker" {
			l.event = sentence(s)
			continue
		}
		index, _ := strconv.Atoi(f["index"])
		l.workers[index] = []string{f["worker"], f["state"], f["attempt"], f["node"], f["reason"], codeIn(f), f["exit_code"]}
	}
	return l.draw()
}

func (l *live) draw() error {
	var screen strings.Builder
	if l.drawn > 0 {
		fmt.Fprintf(&screen, "\x1b[%dA\x1b[J", l.drawn)
	}
	var rows [][]string
	for _, index := range slices.Sorted(maps.Keys(l.workers)) {
		rows = append(rows, slices.Clone(l.workers[index]))
	}
	l.drawn = 1
	fmt.Fprintln(&screen, l.event)
	if len(rows) > 0 {
		l.drawn += 1 + len(rows)
		if err := table(&screen, []string{"WORKER", "STATE", "ATTEMPT", "NODE", "REASON", "CODE", "EXIT"}, rows); err != nil {
			return err
		}
	}
	_, err := io.WriteString(l.w, screen.String())
	return err
}
