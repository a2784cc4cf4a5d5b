package checker

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// Check reads the traces and applies every rule. It returns an error when they cannot be read or contain no entry.
func Check(ctx context.Context, in Input) (Report, error) {
	if err := in.complete(); err != nil {
		return Report{}, err
	}
	requests, err := readAudit(&in)
	if err != nil {
		return Report{}, fmt.Errorf("reading the audit log: %w", err)
	}
	m := (*monitor)(nil)
	if in.Monitor != "" {
		if m, err = readMonitor(in.Monitor); err != nil {
			return Report{}, fmt.Errorf("reading the recorded MONITOR: %w", err)
		}
	}
	end, err := readEndState(ctx, &in)
	if err != nil {
		return Report{}, err
	}
	return check(&in, requests, m, end)
}

// traces is everything known about a run, in the shape the rules need.
type traces struct {
	*Input

	requests  []request
	monitor   *monitor // without a recording it is empty, and all of time is a gap
	unordered string   // why the order of commands is unknown; empty: it is known
	end       *endState
	history   *history
	sent      []sentEntry
	untraced  []command
	pods      map[attemptID]*pod
	podsOf    map[string][]*pod // by event
	unmatched []*request        // the product's requests for Pods whose names belong to no event
	outcomes  map[workerID][]*statusEntry
	cancels   []cancel
	cancelOf  map[string]*cancel // the first one that takes an event
	queueOf   map[string]string  // by event
	pauses    []pause
}

func check(in *Input, requests []request, m *monitor, end *endState) (Report, error) {
	t := &traces{Input: in, requests: requests, monitor: m, end: end}
	t.unordered = t.whyUnordered()
	if m == nil {
		t.monitor = &monitor{Gaps: []gap{{To: farFuture}}}
	}
	t.history = newHistory(t.monitor, end, in)
	t.sent, t.untraced = sentEntries(t.history, end, in)
	t.pods, t.unmatched = readPods(requests, in)
	t.podsOf = make(map[string][]*pod)
	for _, p := range t.sortedPods() {
		t.podsOf[p.Worker.Event] = append(t.podsOf[p.Worker.Event], p)
	}
	t.outcomes = make(map[workerID][]*statusEntry)
	for i := range t.history.Status {
		if s := &t.history.Status[i]; s.isOutcome() {
			t.outcomes[s.worker()] = append(t.outcomes[s.worker()], s)
		}
	}
	if len(t.sent) == 0 && !in.Idle {
		return Report{}, fmt.Errorf("no entry on %s: is the stream name right, or was nothing sent (Idle)?", in.Stream)
	}
	t.readCancels()
	t.readPauses()
	return t.report(), nil
}

func (t *traces) report() Report {
	r := Report{Used: t.used()}
	r.Summary = fmt.Sprintf("%d entries, %d Pods, %d requests, %d commands, %d gaps in MONITOR",
		len(t.sent), len(t.pods), len(t.requests), len(t.monitor.Commands), max(0, len(t.monitor.Gaps)-1))
	for _, c := range []struct {
		name, rule string
		check      func() Result
	}{
		{"O1", "at most one Pod for each event, slot and attempt", t.onePod},
		{"O2", "every entry got what it asked for", t.everyEntry},
		{"O3", "acknowledged only when each slot had its Pod or outcome", t.ackLast},
		{"O4", "deleted only by UID, after the record", t.recordFirst},
		{"O5", "no more POSTs in flight than configured", t.inFlight},
		{"O6", "only granted permissions used", t.permissions},
		{"O7", "no request outside the namespaces", t.namespaces},
		{"O8", "no GET or LIST without need", t.lookups},
		{"O9", "never denied", t.denials},
		{"O10", "each outcome once, in record and status", t.outcomesOnce},
		{"O11", "nothing pending, open or left", t.idleAtEnd},
		{"O13", "status entries of an event numbered without gap", t.numbered},
		{"O14", "queues share by their weights, no cap exceeded", t.fairShares},
		{"O15", "nothing started while paused", t.pausesHold},
	} {
		v := c.check()
		v.Check, v.Rule = c.name, c.rule
		r.Results = append(r.Results, v)
	}
	return r
}

// whyUnordered says why the order of commands is unknown; empty: it is known.
func (t *traces) whyUnordered() string {
	switch {
	case t.monitor == nil:
		return "no recording of MONITOR"
	case !t.monitor.Ended:
		return "the recording of MONITOR has no end: its last lines may be missing"
	case len(t.monitor.Gaps) > 1 && !t.Fault.Redis:
		return fmt.Sprintf("the recording of MONITOR has %d gaps, and no Redis fault was declared", len(t.monitor.Gaps)-1)
	}
	return ""
}

// used are the verbs and resources that the product requested, sorted.
func (t *traces) used() []string {
	set := make(map[string]bool)
	for i := range t.requests {
		if r := &t.requests[i]; r.User == t.User && r.Resource != "" {
			what := r.Verb + " " + r.Resource
			if r.Subresource != "" {
				what += "/" + r.Subresource
			}
			set[what] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}
