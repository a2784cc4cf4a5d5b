package worker

import (
	"maps"
	"slices"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker/queue"
)

// command is an operator's: it stands on the control stream, and is not delivered yet.
func (m *model) command(name string, pause bool) {
	id := event.ID{Ms: uint64(m.now.UnixMilli()), Seq: uint64(len(m.sent))}
	if n := len(m.sent); n > 0 && m.sent[n-1].ID.Compare(id) >= 0 {
		id = event.ID{Ms: m.sent[n-1].ID.Ms, Seq: m.sent[n-1].ID.Seq + 1}
	}
	m.sent = append(m.sent, Command{ID: id, Queue: name, On: pause, By: "kim", Reason: "upgrade"})
}

// deliverCommands delivers those that are not recorded as applied: some of them perhaps a second time.
func (m *model) deliverCommands() {
	var batch []Command
	for _, c := range m.sent {
		if c.ID.Compare(m.applied) > 0 {
			batch = append(batch, c)
		}
	}
	m.step(commands{batch})
}

// reload gives the queue `web` another cap (0: none) and weight.
func (m *model) reload(maxWorkers int, weight int64) {
	p := *m.set.Policy
	p.Queues = map[string]queue.QueuePolicy{"web": {Weight: weight, MaxWorkers: maxWorkers, MaxPriority: "high", Templates: []string{"*"}}}
	m.set.Policy = &p
	m.step(reloaded{policy: m.set.Policy, rules: m.set.Rules, templates: []string{"big"}})
}

// resumeAll resumes whatever is paused, and lifts every cap.
func (m *model) resumeAll() {
	m.deliverCommands()
	m.commit(len(m.writes), false)
	for _, name := range slices.Sorted(maps.Keys(m.paused)) {
		m.command(name, false)
	}
	m.deliverCommands()
	m.commit(len(m.writes), false)
	m.reload(0, 1)
}

func (m *model) applyRefuse(x Refuse) {
	rec := m.records[x.ID]
	if rec == nil || rec.Closed || m.refused[x.ID] == 0 {
		m.fatal("event %s waits for a refusal that it never had", x.ID)
	}
	rec.RefusedAt = x.At
}

func (m *model) applyPause(x Pause) {
	if x.Command.Compare(m.applied) <= 0 {
		m.fatal("command %s is applied twice", x.Command)
	}
	m.applied = x.Command
	if x.On {
		m.paused[x.Queue] = Paused{By: x.By, At: x.At, Reason: x.Reason}
	} else {
		delete(m.paused, x.Queue)
	}
}
