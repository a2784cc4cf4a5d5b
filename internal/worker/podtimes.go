package worker

import "time"

// podTimes is when a Pod was created, its main container started and its work ended, by Kubernetes' clocks.
type podTimes struct{ created, started, ended moment }

// moment is a time in Unix milliseconds, a third of a time.Time: each live worker keeps three. 0: not known.
type moment int64

func momentOf(t time.Time) moment {
	if t.IsZero() {
		return 0
	}
	return moment(t.UnixMilli())
}

func (m moment) time() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(m)).UTC()
}

// note keeps what was seen; what was known stays known, though a kubelet that restarts may wipe it.
func (t *podTimes) note(o *Observation) {
	for _, x := range []struct {
		at   time.Time
		into *moment
	}{{o.Created, &t.created}, {o.Started, &t.started}, {o.Finished, &t.ended}} {
		if !x.at.IsZero() {
			*x.into = momentOf(x.at)
		}
	}
}
