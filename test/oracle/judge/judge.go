package judge

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// Judge reads the traces and checks all there is to check. The error says that they could not be read, or that there is
// nothing in them to judge.
func Judge(ctx context.Context, e Evidence) (Report, error) {
	if err := e.complete(); err != nil {
		return Report{}, err
	}
	requests, err := readAudit(&e)
	if err != nil {
		return Report{}, fmt.Errorf("reading the audit log: %w", err)
	}
	m := (*monitor)(nil)
	if e.Monitor != "" {
		if m, err = readMonitor(e.Monitor); err != nil {
			return Report{}, fmt.Errorf("reading the recorded MONITOR: %w", err)
		}
	}
	end, err := readEndState(ctx, &e)
	if err != nil {
		return Report{}, err
	}
	return judge(&e, requests, m, end)
}

// trial is everything there is to know about a run, in the shape the checks want.
type trial struct {
	*Evidence
	requests []request
	monitor  *monitor // without a recording it is empty, and all of time is a gap
	blind    string   // why MONITOR cannot be trusted; empty: it can
	end      *endState
	history  *history
	sent     []sent
	untraced []command
	pods     map[slotPod]*pod
	podsOf   map[string][]*pod // by event
	strange  []*request
	outcomes map[place][]*said
}

func judge(e *Evidence, requests []request, m *monitor, end *endState) (Report, error) {
	t := &trial{Evidence: e, requests: requests, monitor: m, end: end}
	t.blind = t.blindness()
	if m == nil {
		t.monitor = &monitor{Gaps: []gap{{To: farFuture}}}
	}
	t.history = newHistory(t.monitor, end, e)
	t.sent, t.untraced = sentEntries(t.history, end, e)
	t.pods, t.strange = readPods(requests, e)
	t.podsOf = make(map[string][]*pod)
	for _, p := range t.sorted() {
		t.podsOf[p.Place.Event] = append(t.podsOf[p.Place.Event], p)
	}
	t.outcomes = make(map[place][]*said)
	for i := range t.history.Said {
		if s := &t.history.Said[i]; s.isOutcome() {
			t.outcomes[s.place()] = append(t.outcomes[s.place()], s)
		}
	}
	if len(t.sent) == 0 && !e.Idle {
		return Report{}, fmt.Errorf("there is no entry on %s to judge by: is it the right stream, or was nothing sent (Idle)?", e.Stream)
	}
	return t.report(), nil
}

func (t *trial) report() Report {
	r := Report{Used: t.used()}
	r.Summary = fmt.Sprintf("%d entries, %d Pods, %d requests, %d commands, %d gaps in MONITOR",
		len(t.sent), len(t.pods), len(t.requests), len(t.monitor.Commands), max(0, len(t.monitor.Gaps)-1))
	for _, c := range []struct {
		name, promise string
		check         func() Verdict
	}{
		{"O1", "at most one Pod for each event, slot and attempt", t.onePod},
		{"O2", "every entry got what it asked for", t.everyEntry},
		{"O3", "acknowledged only when each slot had its Pod or outcome", t.ackLast},
		{"O4", "deleted only by UID, after the record", t.recordFirst},
		{"O5", "no more POSTs in flight than set", t.inFlight},
		{"O6", "the rights used are those granted", t.rights},
		{"O7", "nothing outside the namespaces", t.namespaces},
		{"O8", "no GET or LIST without need", t.lookups},
		{"O9", "never denied", t.denials},
		{"O10", "each outcome once, in record and status", t.onceSaid},
		{"O11", "nothing pending, open or left", t.atRest},
	} {
		v := c.check()
		v.Check, v.Promise = c.name, c.promise
		r.Verdicts = append(r.Verdicts, v)
	}
	return r
}

// blindness says why the order of events cannot be judged; empty: it can.
func (t *trial) blindness() string {
	switch {
	case t.monitor == nil:
		return "there is no recording of MONITOR"
	case !t.monitor.Ended:
		return "the recording of MONITOR has no end: its last lines may be missing"
	case len(t.monitor.Gaps) > 1 && !t.Fault.Redis:
		return fmt.Sprintf("the recording of MONITOR has %d gaps, and nothing was done to Redis", len(t.monitor.Gaps)-1)
	}
	return ""
}

// used are the verbs and resources that our user asked for, sorted.
func (t *trial) used() []string {
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
