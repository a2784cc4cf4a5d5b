package queue

import (
	"testing"
	"time"
)

// quotaWorld has one lane, whose quota is full.
func quotaWorld(t *testing.T) (*world, *lane) {
	w := newWorld(t, 1, Limits{Create: 8, PendingTimeout: time.Hour}, policy(nil, nil))
	j := w.add(Entry{Queue: "q", Slots: 1000})
	w.s.Occupy(j.ref)
	w.latency = func(*job) time.Duration { return atOnce }
	w.reply = func(*job) Answer { return Quota }
	w.fill()
	l := w.s.at(j.ref).lane
	if !l.quota.full || w.s.Credits() != 0 {
		t.Fatalf("a lane whose quota is full: %+v", l.quota)
	}
	return w, l
}

// TestCredits: a freed place is good for one POST, whatever its answer; one that a probe takes is not there any more.
func TestCredits(t *testing.T) {
	w, _ := quotaWorld(t)
	posts := 0
	w.chosen = func(Choice, *job) { posts++ }
	free := func(n int) {
		for range n {
			p := w.s.Occupy(w.jobs[0].ref)
			w.s.Release(&p)
		}
	}
	for _, tt := range []struct {
		name           string
		freed          int
		pass           time.Duration
		reply          Answer
		posts, credits int
	}{
		{"nothing freed", 0, 0, Created, 0, 0},
		{"one freed, and taken by another", 1, 0, Quota, 1, 0},
		{"two freed", 2, 0, Created, 2, 0},
		{"no more than are created at once", 20, 0, Created, 8, 0},
		{"nothing is left", 0, 0, Created, 0, 0},
		{"a probe", 0, 5 * time.Second, Quota, 1, 0},
		{"not again so soon", 0, 9 * time.Second, Quota, 0, 0},
		{"a place was freed, and the probe is due", 1, time.Second, Created, 1, 0},
	} {
		free(tt.freed)
		w.now = w.now.Add(tt.pass)
		w.reply = func(*job) Answer { return tt.reply }
		posts = 0
		w.fill()
		if posts != tt.posts || w.s.Credits() != tt.credits {
			t.Errorf("%s: %d POSTs, want %d; %d credits are left", tt.name, posts, tt.posts, w.s.Credits())
		}
	}
}

// TestGrowth: when the quota was raised, probes double until the mode ends; when it is full again they are rare again.
func TestGrowth(t *testing.T) {
	w, l := quotaWorld(t)
	w.latency = func(*job) time.Duration { return 20 * time.Millisecond }
	room := 5
	w.reply = func(*job) Answer {
		if room--; room < 0 {
			return Quota
		}
		return Created
	}
	w.run(7*time.Second, 10*time.Millisecond)
	if !l.quota.full || l.quota.growth != 1 || len(w.pods) != 5 {
		t.Errorf("full again after %d Pods: %+v", len(w.pods), l.quota)
	}
	room = 1000
	w.run(20*time.Second, 10*time.Millisecond)
	if l.quota.full || len(w.pods) < 500 {
		t.Errorf("no longer full after %d Pods: %+v", len(w.pods), l.quota)
	}
}
