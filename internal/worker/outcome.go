package worker

// end gives a worker its outcome. A Pod that may still run holds capacity until it is gone.
func (s *state) end(sl *slot, d decision) {
	s.selectCancelled(sl)
	bySIGTERM := d.state == StateFailed || d.state == StateLost && d.reason != ReasonNodeLost // most likely ours
	if sl.selectedBy != nil && bySIGTERM {
		code, container := d.exitCode, d.container
		d = verdictSelected(sl)
		d.exitCode, d.container = code, container
	}
	s.dropClocks(sl)
	r := s.report(sl, d)
	if sl.running {
		r.Began = sl.since
	}
	if sl.uid == "" || sl.ended || sl.absent || d.reason == ReasonNodeLost {
		s.scheduler.Release(&sl.place)
	}
	s.setStartable(sl, false)
	sl.phase, sl.since, sl.seen, sl.outcome = slotEnding, s.now, nil, r.Record()
	sl.event.counts.Add(d.state, 1)
	if by := sl.selectedBy; by != nil {
		r.SelectedBy = by.EventID
		by.counts.Add(d.state, 1)
		by.pendingVictims--
	}
	s.write(Outcome{r})
	s.settleSlot(sl)
	s.close(sl.event)
	if sl.selectedBy != nil {
		s.close(sl.selectedBy)
	}
}

// retryOrFail ends an attempt, and the worker if it was the last one it may have.
func (s *state) retryOrFail(sl *slot, d decision) {
	s.selectCancelled(sl)
	if sl.attempt >= s.MaxAttempts || sl.selectedBy != nil {
		d.state, d.exhausted = StateFailed, true
		s.end(sl, d)
		return
	}
	s.dropClocks(sl)
	s.scheduler.Release(&sl.place)
	sl.phase = slotEnding
	s.write(Progress{s.report(sl, d)})
}

// close ends an event of which no outcome is missing.
func (s *state) close(e *trackedEvent) {
	if e.closing || e.hasOpenWorkers() {
		return
	}
	e.closing = true
	s.write(Close{
		ID: e.EventID, Type: e.Type, TaskID: e.TaskID(), Queue: e.Queue, IdempotencyKey: e.IdempotencyKey,
		Seq: e.nextSeq(), Refused: !e.refusedAt.IsZero(), Slots: e.outcomes(), Counts: e.counts, At: s.now,
	})
}

// outcomes are what is kept of all slots, once each has ended.
func (e *trackedEvent) outcomes() []SlotRecord {
	all := make([]SlotRecord, len(e.slots))
	for i := range all {
		all[i] = e.slots[i].outcome.Outcome()
	}
	return all
}

func (s *state) report(sl *slot, d decision) Report {
	e := sl.event
	r := Report{
		ID: e.EventID, TaskID: e.TaskID(), Queue: e.Queue, Seq: e.nextSeq(), Worker: s.Names.Worker(e.EventID, sl.number), Slot: sl.number,
		Attempt: sl.attempt, State: d.state, UID: sl.uid, Node: sl.node, Reason: d.reason, Message: d.message,
		ExitCode: d.exitCode, Container: d.container, Exhausted: d.exhausted, At: s.now,
		CreatedAt: sl.times.created.time(), StartedAt: sl.times.started.time(), EndedAt: sl.times.ended.time(),
	}
	if sl.uid != "" {
		r.Pod = s.podOf(sl).Name
	}
	return r
}

// Record is what the event's record keeps of a report.
func (r Report) Record() *SlotRecord {
	return &SlotRecord{
		Attempt: r.Attempt, State: r.State, UID: r.UID, Node: r.Node, Reason: r.Reason, ExitCode: r.ExitCode, At: r.At,
	}
}

// Add counts n workers with this outcome; another state than an outcome is not counted.
func (c *Counts) Add(outcome State, n int) {
	switch outcome {
	case StateSucceeded:
		c.Succeeded += n
	case StateFailed:
		c.Failed += n
	case StateCancelled:
		c.Cancelled += n
	case StateLost:
		c.Lost += n
	}
}

// Total is the number of workers that have an outcome.
func (c Counts) Total() int { return c.Succeeded + c.Failed + c.Cancelled + c.Lost }
