package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// endState is what was read when the demo ended.
type endState struct {
	audit   *audit // nil: there is no audit log
	dead    int64
	pending int64
}

// span is the fastest and the slowest worker's time between two points.
type span struct {
	what             string
	fastest, slowest time.Duration
	n                int
}

// spans are those of workers that run to completion.
func spans(s *eventState) []span {
	sent := func(worker) time.Time { return s.sent }
	created := func(w worker) time.Time { return w.created }
	running := func(w worker) time.Time { return w.running }
	ended := func(w worker) time.Time { return w.ended }
	gone := func(w worker) time.Time { return w.gone }
	return []span{
		measure(s, "XADD → Pod created", sent, created),
		measure(s, "created → running", created, running),
		measure(s, "running → ended", running, ended),
		measure(s, "ended → gone", ended, gone),
		measure(s, "XADD → gone", sent, gone),
	}
}

// downSpans are those of workers that a scale_down cancels.
func downSpans(s *eventState) []span {
	down := func(worker) time.Time { return s.down.sent }
	return []span{measure(s, "scale_down → gone", down, func(w worker) time.Time { return w.gone })}
}

func measure(s *eventState, what string, from, to func(worker) time.Time) span {
	var all []time.Duration
	for _, w := range s.workers {
		if !from(w).IsZero() && !to(w).IsZero() {
			all = append(all, to(w).Sub(from(w)))
		}
	}
	if len(all) == 0 {
		return span{what: what}
	}
	return span{what, slices.Min(all), slices.Max(all), len(all)}
}

func summary(spans []span, out *printer) []string {
	row := func(what string, columns ...string) string { return fmt.Sprintf("  %-20s %s", what, right(columns)) }
	lines := []string{out.dim(row("", "FASTEST", "SLOWEST"))}
	for _, sp := range spans {
		fastest, slowest := "-", "-"
		if sp.n > 0 {
			fastest, slowest = formatDuration(sp.fastest), formatDuration(sp.slowest)
		}
		lines = append(lines, row(sp.what, fastest, slowest))
	}
	return lines
}

// check is one condition and its text.
type check struct {
	ok   bool
	text string
}

// checks are for workers that run to completion.
func checks(s *eventState) []check {
	n := len(s.workers)
	list := []check{
		{
			s.states["succeeded"] == n && s.kinds["worker"] == 3*n,
			fmt.Sprintf("%d of %d workers succeeded (created %d, running %d in the status stream)",
				s.states["succeeded"], n, s.states["created"], s.states["running"]),
		},
		{s.allGone(), "their Pods are deleted"},
	}
	if s.logs.wanted {
		list = append(list, s.logs.check())
	}
	return list
}

// downChecks are for workers that a scale_down cancels.
func downChecks(s *eventState) []check {
	n, d := len(s.workers), s.down
	return []check{
		{
			s.states["cancelled"] == n && s.reasons[reasonScaledDown] == n && s.kinds["worker"] == 3*n,
			fmt.Sprintf("%d of %d workers cancelled, %d with reason ScaledDown", s.states["cancelled"], n, s.reasons[reasonScaledDown]),
		},
		{s.allGone(), "their Pods are deleted, too"},
		{d.kinds["scaled_down"] == 1, "scale_down: " + d.chosen},
		{d.kinds["closed"] == 1 && d.closed == s.closed, "both events closed: " + d.closed},
	}
}

func (s *eventState) allGone() bool {
	return s.count(func(w worker) bool { return !w.gone.IsZero() }) == len(s.workers)
}

// endChecks are for the whole demo.
func endChecks(n int, f endState) []check {
	var list []check
	if f.audit != nil {
		list = append(list, check{
			*f.audit == audit{n, n, n},
			fmt.Sprintf("%d POSTs and %d DELETEs of Pods in the audit log, %d DELETEs with a UID",
				f.audit.posts, f.audit.deletes, f.audit.uids),
		})
	}
	return append(list,
		check{f.dead == 0, fmt.Sprintf("%d dead letters", f.dead)},
		check{f.pending == 0, fmt.Sprintf("%d entries pending", f.pending)})
}

func (l logs) check() check {
	text := strings.Join(l.lines, " ")
	if l.err != nil {
		return check{false, fmt.Sprintf("the log of %s: %v", l.worker, l.err)}
	}
	return check{text == "Starting... Done!", fmt.Sprintf("the log of %s says %q", l.worker, text)}
}

// printChecks prints the checks and returns an error when one failed.
func printChecks(list []check, out *printer) error {
	failed := 0
	for _, c := range list {
		mark := out.green("ok")
		if !c.ok {
			failed++
			mark = out.red("NO")
		}
		out.say("  %s  %s", mark, c.text)
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d checks failed", failed, len(list))
	}
	return nil
}
