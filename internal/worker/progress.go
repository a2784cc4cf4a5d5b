package worker

import "time"

// progress is when a Pod of each template was last seen to be scheduled.
type progress struct{ scheduled map[string]time.Time }

func newProgress() progress { return progress{make(map[string]time.Time)} }

func (p *progress) lastScheduled(template string) time.Time { return p.scheduled[template] }

func (p *progress) isScheduled(template string, at time.Time) { p.scheduled[template] = at }
