package cli

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/trouble"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// maxTold bounds a story: an event may have a thousand workers.
const maxTold = 200

// explanation is the causal story of an event.
type explanation struct {
	Event  string   `json:"event_id"`
	About  string   `json:"about,omitempty"`
	Story  []told   `json:"story"`
	Now    []reason `json:"now"`
	Others []string `json:"other_events,omitempty"`
}

// told is one thing that happened.
type told struct {
	At    string `json:"at"`
	After string `json:"after"` // since the XADD
	What  string `json:"what"`
}

// reason is one thing that is so now, and why.
type reason struct {
	What string `json:"what"`
	Code string `json:"code,omitempty"`
	Mend string `json:"mend,omitempty"`
}

// explain decides what the facts mean. It asks nobody.
func explain(f facts) explanation {
	e := explanation{Event: f.id.String(), Story: story(f)}
	for _, id := range f.others {
		e.Others = append(e.Others, id.String())
	}
	if f.record != nil {
		ev := &f.record.Event
		e.About = fmt.Sprintf(": %s, pod_count %d", ev.Type, ev.PodCount)
		if ev.TaskID() != "" {
			e.About += fmt.Sprintf(", task_id %q", ev.TaskID())
		}
		if ev.Template != "" {
			e.About += fmt.Sprintf(", template %q", ev.Template)
		}
	}
	e.Now = now(f)
	return e
}

func story(f facts) []told {
	sent := f.id.Time()
	all := []told{{At: stampOf(sent), After: "0s", What: "sent: XADD"}}
	scheduled := bindings(f)
	for i, s := range f.story {
		if i == maxTold {
			all = append(all, told{What: fmt.Sprintf("… and %d more changes", len(f.story)-maxTold-1)})
		}
		if i >= maxTold && i < len(f.story)-1 {
			continue
		}
		t := told{At: s.Fields["at"], What: sentence(s)}
		if at, err := time.Parse(time.RFC3339, s.Fields["at"]); err == nil {
			t.After = max(0, at.Sub(sent)).Round(time.Millisecond).String()
		}
		all = append(all, t)
		if b, is := scheduled[attempt{s.Fields["index"], s.Fields["attempt"]}]; is && s.Fields["state"] == "created" {
			all = append(all, b)
		}
	}
	return all
}

// attempt is a Pod as the status stream names it.
type attempt struct{ index, number string }

// bindings tell when a node got each Pod that is still there. The status stream does not: nothing waits for it.
func bindings(f facts) map[attempt]told {
	all := make(map[attempt]told, len(f.pods))
	for i := range f.pods {
		p := &f.pods[i]
		if p.Scheduled.IsZero() {
			continue
		}
		t := told{
			At:   p.Scheduled.Format(time.RFC3339),
			What: fmt.Sprintf("worker %d scheduled to %s, says Kubernetes, in whole seconds", p.Slot, clean(p.Node)),
		}
		if d := p.Scheduled.Sub(f.id.Time()).Truncate(time.Second); d > 0 {
			t.After = d.String()
		}
		all[attempt{strconv.Itoa(p.Slot), strconv.Itoa(p.Attempt)}] = t
	}
	return all
}

func stampOf(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

// now says how it stands. The first case that fits.
func now(f facts) []reason {
	last := ""
	if n := len(f.story); n > 0 {
		last = f.story[n-1].Kind()
	}
	switch {
	case f.redis != nil:
		return unknown(f)
	case f.broken != nil:
		return []reason{because("record ignored", f.broken.Error())}
	case f.record != nil && f.record.Closed:
		c := f.record.Counts
		return append([]reason{{What: fmt.Sprintf("It is over: %d succeeded, %d failed, %d cancelled, %d lost.",
			c.Succeeded, c.Failed, c.Cancelled, c.Lost)}}, unlucky(f.story)...)
	case f.record != nil:
		return open(f)
	case last == "closed":
		return append([]reason{{What: "It is over, and its record has expired."}}, unlucky(f.story)...)
	case f.letter != nil:
		r := because("entry rejected", fmt.Sprintf("It was rejected (%s): %s", f.letter.Code, f.letter.Reason))
		r.Mend = fmt.Sprintf("ottoscaler dead redrive %s --set NAME=VALUE, or correct the producer", f.letter.ID)
		return []reason{r}
	case last == "duplicate":
		return []reason{{What: "It came twice: this one started nothing. Its idempotency key, or its ID, was taken in before."}}
	case f.entry == nil:
		return []reason{{
			What: "Nothing is known of it: it was never in this stream, or has been trimmed and its record has expired.",
			Mend: "look whether REDIS_STREAM, REDIS_DB and the Redis are those it was sent to: ottoscaler config",
		}}
	case !f.entry.Delivered && f.leaderless:
		return []reason{nobodyLeads}
	case !f.entry.Delivered:
		return []reason{{
			What: "It waits in the stream: Ottoscaler has not read it. No replica leads, or so many events wait that reading rests.",
			Mend: "ask the replicas: /readyz?verbose and the metrics ottoscaler_leader, ottoscaler_events_waiting",
		}}
	case f.entry.Pending:
		return []reason{{
			What: fmt.Sprintf("It was delivered (%d times) and is not taken in yet.", f.entry.Deliveries),
			Mend: "if that lasts for more than some seconds: /readyz?verbose, and the log",
		}}
	}
	return []reason{{What: "It is in the stream, was acknowledged, and has no record any more."}}
}

// open says what an open event waits for.
func open(f facts) []reason {
	v := view(f.record, f.id.Time())
	if f.record.Event.Type == event.ScaleDown {
		return []reason{{What: fmt.Sprintf(
			"It has chosen %d workers, of which %d have their outcome. The others are being stopped, within the grace period of their Pods.",
			len(f.record.Victims), v.Done)}}
	}
	all := []reason{{What: fmt.Sprintf("It is open: %d workers wait for a Pod, %d have one, %d have their outcome.",
		v.Waiting, v.Running, v.Done)}}
	if v.Waiting > 0 {
		all = append(all, waiting(f))
	}
	all = append(all, unlucky(f.story)...)
	if f.cluster != nil {
		return append(all, reason{What: "Kubernetes could not be asked: " + f.cluster.Error()})
	}
	for i := range f.pods {
		if r, why := held(&f.pods[i].Observation); why {
			all = append(all, r)
		}
	}
	return all
}

var nobodyLeads = reason{
	What: "Nobody leads: the Lease is held by none, so nothing is read and nothing starts.",
	Mend: "see that the Main Pod runs and is ready: kubectl get pods -l app.kubernetes.io/component=main -A, and /readyz?verbose",
}

// waiting says why workers have no Pod.
func waiting(f facts) reason {
	switch {
	case f.leaderless:
		return nobodyLeads
	case errors.Is(f.tried, worker.ErrRefused):
		return because("the API server refuses the template's Pods, trying again every five seconds",
			"The API server refuses another Pod of its template: "+f.tried.Error())
	case f.tried != nil:
		return because("creating Pods failed, trying again", "The API server takes no Pod, or none from you: "+f.tried.Error())
	case f.living >= f.room:
		return reason{
			What: fmt.Sprintf("They wait for room: %d workers live, and OTTO_MAX_WORKERS is %d (%s).", f.living, f.room, f.roomBy),
			Mend: "wait for others to end, or raise OTTO_MAX_WORKERS",
		}
	}
	return reason{
		What: fmt.Sprintf("There is room (%d workers live, and OTTO_MAX_WORKERS is %d, %s), and nothing refuses: they are about to start.",
			f.living, f.room, f.roomBy),
		Mend: "if that lasts: /readyz?verbose, and the metric ottoscaler_leader",
	}
}

// held says why a Pod that exists does not run.
func held(o *worker.Observation) (reason, bool) {
	if o.Phase != worker.PhasePending {
		return reason{}, false
	}
	what := fmt.Sprintf("Pod %s does not run yet", o.Ref.Name)
	if o.Node == "" {
		what += ", no node has it"
	} else {
		what += " on node " + o.Node
	}
	if o.Reason != "" {
		what += ": " + o.Reason
	}
	if o.Message != "" {
		what += ": " + o.Message
	}
	return because(o.Reason, what), true
}

// because adds code and mend of the trouble with these literal words, if it is one.
func because(literal, what string) reason {
	t, _ := trouble.Of(literal)
	return reason{What: what, Code: t.Code, Mend: t.Mend}
}
