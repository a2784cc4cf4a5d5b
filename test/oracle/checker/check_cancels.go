package checker

import (
	"slices"
	"strconv"
)

// noStartAfterCancel, of O1: once the product knows that a cancel is recorded it sends no POST for what the cancel takes. What
// was on its way by then has arrived a little later.
func (t *traces) noStartAfterCancel(p *pod, f *findings) {
	c := t.cancelOf[p.Worker.Event]
	if c == nil {
		return
	}
	for _, r := range p.Posts {
		if late := r.Received.Sub(c.Known); late > t.travel() {
			f.add("%v: %v came %v after cancel %s (%s) was known", p.Worker, r, late, c.By.ID, c.Where)
		}
	}
}

// cancelled, of O4: the workers of a cancel's targets end cancelled or succeeded, and none is cancelled without a reason.
func (t *traces) cancelled(f *findings) {
	for i := range t.sent {
		s := &t.sent[i]
		for slot := 1; slot <= s.Want.Count && s.Class == classUp; slot++ {
			p := workerID{s.ID.String(), slot}
			for _, o := range t.outcomes[p] {
				t.cancelledTarget(p, o, f)
				t.whyCancelled(p, o, f)
			}
		}
	}
}

// cancelledTarget: an outcome that was being written when the cancel was recorded stands.
func (t *traces) cancelledTarget(p workerID, o *statusEntry, f *findings) {
	c := t.cancelOf[p.Event]
	if c == nil || o.state() == "cancelled" || o.state() == "succeeded" {
		return
	}
	if o.At.Sub(c.Known) > t.travel() {
		f.add("%v was taken by cancel %s (%s) and ended otherwise: %v", p, c.By.ID, c.Where, o)
	}
}

// whyCancelled: what an outcome names as its reason was recorded before.
func (t *traces) whyCancelled(p workerID, o *statusEntry, f *findings) {
	c := t.cancelOf[p.Event]
	switch reason := o.Fields["reason"]; {
	case t.Fault.LostWrites || o.state() != "cancelled":
	case reason == "Cancelled" && (c == nil || c.At.After(o.Until)):
		f.add("%v is reported as cancelled (%v), but no cancel that takes it was recorded before", p, o)
	case reason == "ScaledDown" && !t.selectedBefore(p, o):
		f.add("%v is reported as scaled down (%v), but no scale_down had selected it", p, o)
	}
}

func (t *traces) selectedBefore(p workerID, o *statusEntry) bool {
	return slices.ContainsFunc(t.history.Selections, func(d selection) bool {
		return !d.At.After(o.Until) && slices.Contains(d.Victims, p)
	})
}

// cancelAtOnce, of O3 and O10: one MULTI records a cancel, reports it and acknowledges it.
func (t *traces) cancelAtOnce(s *sentEntry, at ack, f *findings) {
	i := slices.IndexFunc(t.cancels, func(c cancel) bool { return c.By == s })
	if i < 0 || t.cancels[i].Tx == 0 || t.Fault.LostWrites {
		return // O2 reports one that was never recorded; one in a gap has no transaction
	}
	c := &t.cancels[i]
	if at.Tx != c.Tx || !slices.Contains(t.history.SettledTx[s.ID.String()], c.Tx) {
		f.add("cancel %s (%s) was not recorded and acknowledged in one MULTI", s.ID, c.Where)
	}
}

// cancelClosed, of O10: a cancel closes after the workers that it took, and counts no more of them than there are.
func (t *traces) cancelClosed(s *sentEntry, f *findings) {
	i := slices.IndexFunc(t.cancels, func(c cancel) bool { return c.By == s })
	if i < 0 {
		return
	}
	for _, closed := range t.history.Of[s.ID.String()] {
		if closed.kind() == "closed" {
			t.cancelCounts(&t.cancels[i], closed, f)
		}
	}
}

func (t *traces) cancelCounts(c *cancel, closed *statusEntry, f *findings) {
	after := make(map[string]int) // outcomes of its targets since it was recorded
	for _, s := range t.targets(c) {
		for slot := 1; slot <= s.Want.Count; slot++ {
			p := workerID{s.ID.String(), slot}
			for _, o := range t.outcomes[p] {
				if !o.Until.Before(c.At) {
					after[o.state()]++
				}
				if o.At.After(closed.Until) && t.cancelOf[p.Event] == c && !t.selectedBefore(p, o) {
					f.add("cancel %s closed (%v) before %v ended: %v", c.By.ID, closed, p, o)
				}
			}
		}
	}
	for _, state := range []string{"succeeded", "failed", "cancelled", "lost"} {
		n, err := strconv.Atoi(closed.Fields["n_"+state])
		if err != nil || n > after[state] {
			f.add("cancel %s closed with n_%s=%s (%s), but its targets had %d after it", c.By.ID, state, closed.Fields["n_"+state],
				closed.Where, after[state])
		}
	}
}
