package judge

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestHealthy: a run in which everything went as promised passes every check.
func TestHealthy(t *testing.T) {
	r, err := healthy().play(t)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range r.Verdicts {
		if v.State != OK {
			t.Errorf("%s: %s %v", v.Check, v.State, v.Findings)
		}
	}
	if r.Failed() || len(r.Verdicts) != 11 {
		t.Errorf("the report: %v", r)
	}
}

// broken are runs that break one promise each, with the one check that must say so, and a part of what it says.
var broken = map[string]struct {
	check string
	says  string
	spoil func(*scene)
}{
	"two Pods for one slot": {"O1", "was created 2 times", func(s *scene) { s.kube("", 7, "create", podOf(2, evA), 201) }},
	"created again after its DELETE": {"O1", "was created again", func(s *scene) {
		s.find("post D").request.ResponseStatus.Code = 504
		s.kube("", 8, "delete", podOf(1, evD), 200).User.Username = "somebody"
		s.kube("", 10, "create", podOf(1, evD), 201)
	}},
	"another Pod of the same name": {"O1", "had 2 UIDs", func(s *scene) {
		s.find("bind A1").request.ObjectRef.UID = "another"
	}},
	"a Pod for a worker that ended": {"O1", "although its outcome stood in Redis", func(s *scene) {
		s.find("post A2").request.ResponseStatus.Code = 504
		s.kube("", 7, "create", podOf(2, evA), 409)
		s.kube("", 25, "create", podOf(2, evA), 201)
	}},
	"a second attempt without retrying": {"O1", "without a `retrying`", func(s *scene) { s.move("post D2", 39) }},
	"an outcome without a Pod": {"O1", "there never was a Pod", func(s *scene) {
		s.drop("post A2")
		s.drop("delete A2")
		s.move("outcome A2", 10)
	}},
	"missing without a look": {"O1", "before the API server said so", func(s *scene) {
		s.find("outcome A1").cmds = gone(evA, "lost", "Missing")
		s.find("close A").cmds[0] = say("closed", evA, "n_succeeded", "0", "n_failed", "1", "n_cancelled", "0", "n_lost", "1")
		s.kube("", 21, "get", podOf(1, evA), 404) // too late
		s.Granted = append(s.Granted, "get pods")
	}},
	"deleted, and there when it was looked for": {"O1", "before the API server said so", func(s *scene) {
		s.find("outcome A1").cmds = gone(evA, "cancelled", "Deleted")
		s.find("close A").cmds[0] = closed(evA, "0", "1", "1")
		s.find("post A1").request.ResponseStatus.Code = 504 // so that there was a reason to look
		s.kube("", 9, "get", podOf(1, evA), 200)
		s.Granted = append(s.Granted, "get pods")
	}},
	"tried again without a look": {"O1", "before the API server said so", func(s *scene) {
		s.find("retry D").cmds = gone(evD, "retrying", "Deleted")
	}},
	"a Pod of no event": {"O1", "belongs to no event", func(s *scene) { s.kube("", 7, "create", "otto-agent-x", 201) }},

	"a slot without outcome": {"O2", "has no outcome", func(s *scene) {
		s.drop("outcome A2")
		s.drop("delete A2")
		s.kube("", 50, "delete", podOf(2, evA), 200).User.Username = "somebody"
		s.find("close A").cmds[0] = closed(evA, "1", "0", "0")
	}},
	"a bad entry without a dead letter": {"O2", "has 0 dead letters", func(s *scene) {
		s.without("take in", evBad)
		s.redis("", 6, say("rejected", evBad))
		s.find("take in").cmds = append(s.find("take in").cmds, []string{"xadd", side + "dead", "*", "original_id", "none"}, xack(evBad))
	}},
	"an entry nobody took in": {"O2", "never said", func(s *scene) { s.without("choose", "scaled_down") }},
	"a duplicate that ran": {"O2", "may have 0 workers", func(s *scene) {
		s.kube("", 7, "create", podOf(1, evDup), 500)
	}},
	"a worker too many": {"O2", "may have 1 workers", func(s *scene) { s.kube("", 7, "create", podOf(2, evD), 500) }},
	"a valid entry refused": {"O2", "valid scale_up and has 1 dead letters", func(s *scene) {
		s.redis("", 6, []string{"xadd", side + "dead", "*", "original_id", evD, "reason", "why not"})
	}},
	"an event nobody sent": {"O2", "nobody sent event", func(s *scene) { s.redis("", 6, say("accepted", at(70))) }},
	"a lost XADD": {"O2", "left no trace", func(s *scene) {
		s.add("", 50, "type", "scale_up", "pod_count", "1")
		s.atEnd = func(end *endState) {
			end.Stream = slices.DeleteFunc(end.Stream, func(en entry) bool { return en.ID.String() == at(50) })
		}
	}},

	"acknowledged before the Pod": {"O3", "before slot 2 had a Pod", func(s *scene) { s.find("post A2").took = 6 }},
	"never acknowledged":          {"O3", "never acknowledged", func(s *scene) { s.without("settle D", "xack") }},
	"acknowledged without its dead letter": {"O3", "without its dead letter in the same MULTI", func(s *scene) {
		s.redis("", 4, xack(evBad))
	}},

	"deleted before the record": {"O4", "before the record that allowed it", func(s *scene) { s.move("delete A1", 19) }},
	"deleted before the doom":   {"O4", "before the record that allowed it", func(s *scene) { s.move("delete D2", 104) }},
	"deleted without a record": {"O4", "no record ever allowed it", func(s *scene) {
		s.kube("", 50, "delete", podOf(2, evD), 404)
	}},
	"deleted without a UID": {"O4", "a DELETE without a UID", func(s *scene) {
		s.find("delete A1").request.RequestObject.Preconditions.UID = ""
	}},
	"a foreign Pod deleted": {"O4", "belongs to no event", func(s *scene) { s.kube("", 50, "delete", "somebody", 200) }},
	"Pods deleted by the dozen": {"O4", "by the dozen", func(s *scene) {
		s.Granted = append(s.Granted, "deletecollection pods")
		s.kube("", 50, "deletecollection", "", 200)
	}},
	"more victims than asked for": {"O4", "asked for 1 victims and took 2", func(s *scene) {
		s.find("choose").cmds[0][3] = evD + "/1 " + evA + "/1"
		s.move("outcome A1", 106)
		s.move("close A", 107)
		s.move("delete A1", 108)
	}},
	"a victim that had ended": {"O4", "after its end", func(s *scene) { s.find("choose").cmds[0][3] = evA + "/1"; s.move("delete D2", 121) }},
	"a victim of later": {"O4", "which is not earlier", func(s *scene) {
		s.find("choose").cmds[0][3] = at(200) + "/1"
		s.move("delete D2", 121)
	}},

	"too many POSTs in flight": {"O5", "3 POSTs were in flight", func(s *scene) { s.MaxInFlight = 2 }},
	"a right not granted": {"O6", "`list pods`, which was not granted", func(s *scene) {
		s.Granted = []string{"create pods", "delete pods", "watch pods"}
	}},
	"a right too many": {"O6", "never used: get pods", func(s *scene) { s.Granted, s.Exact = append(s.Granted, "get pods"), true }},
	"another namespace": {"O7", `in "kube-system"`, func(s *scene) {
		s.kube("", 50, "list", "", 200).ObjectRef.Namespace = "kube-system"
		s.kube("", 49, "watch", "", 200)
	}},
	"a Pod looked at for nothing": {"O8", "no reason to look", func(s *scene) {
		s.Granted = append(s.Granted, "get pods")
		s.kube("", 50, "get", podOf(1, evD)+"-r2", 200)
	}},
	"listed again and again": {"O8", "2 LISTs of all Pods", func(s *scene) { s.kube("", 50, "list", "", 200) }},
	"denied":                 {"O9", "denied", func(s *scene) { s.kube("", 50, "watch", "", 403) }},

	"two outcomes": {"O10", "has 2 outcomes", func(s *scene) {
		s.redis("", 24, worker(evA, 1, 1, "lost")...)
		s.find("close A").cmds[0] = say("closed", evA, "n_succeeded", "1", "n_failed", "1", "n_cancelled", "0", "n_lost", "1")
	}},
	"an outcome without its record": {"O10", "not recorded in the same MULTI", func(s *scene) { s.without("outcome A1", "hset") }},
	"an outcome that does not stand": {"O10", "does not stand on the status stream", func(s *scene) {
		s.atEnd = func(end *endState) { end.Status = slices.Delete(end.Status, 5, 6) }
	}},
	"an outcome nobody wrote": {"O10", "MONITOR did not see it written", func(s *scene) {
		s.atEnd = func(end *endState) { end.Status = append(end.Status, end.Status[5]) }
	}},
	"called running after its end": {"O10", "after its outcome", func(s *scene) { s.redis("", 23, worker(evA, 1, 1, "running")...) }},
	"closed twice":                 {"O10", "`closed` was said 2 times", func(s *scene) { s.redis("", 23, closed(evA, "1", "1", "0")) }},
	"counted wrong":                {"O10", "n_succeeded=2", func(s *scene) { s.find("close A").cmds[0] = closed(evA, "2", "1", "0") }},

	"an entry pending":  {"O11", "is pending", func(s *scene) { s.atEnd = func(end *endState) { end.Pending = []string{evA} } }},
	"an event open":     {"O11", "is open", func(s *scene) { s.atEnd = func(end *endState) { end.Open = []string{evA} } }},
	"an entry not read": {"O11", "never read", func(s *scene) { s.atEnd = func(end *endState) { end.Unread = []string{evA} } }},
	"a Pod left":        {"O11", "still there", func(s *scene) { s.Leftover = []string{podOf(1, evA)} }},
	"a Pod not deleted": {"O11", "nobody deleted it", func(s *scene) { s.drop("delete A1") }},
}

// gone is what is said and recorded of the worker of slot 1, whose Pod nobody finds any more.
func gone(event, state, reason string) [][]string {
	cmds := worker(event, 1, 1, state)
	cmds[1] = append(cmds[1], "reason", reason)
	return cmds
}

// TestMissing: who was looked for in vain, or found another's Pod in the place of his, may be called missing.
func TestMissing(t *testing.T) {
	for name, look := range map[string]func(*scene){
		"no such Pod": func(s *scene) { s.kube("", 15, "get", podOf(1, evA), 404) },
		"another's": func(s *scene) {
			s.kube("", 14, "delete", podOf(1, evA), 200).User.Username = "somebody"
			s.kube("", 15, "create", podOf(1, evA), 201).User.Username = "somebody"
			s.kube("", 16, "get", podOf(1, evA), 200)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := healthy()
			s.Fault = Fault{Others: true}
			s.find("outcome A1").cmds = gone(evA, "lost", "Missing")
			s.find("close A").cmds[0] = say("closed", evA, "n_succeeded", "0", "n_failed", "1", "n_cancelled", "0", "n_lost", "1")
			look(s)
			if r := played(t, s); r.Failed() {
				t.Errorf("the report: %v", r)
			}
		})
	}
}

// TestBroken: each promise, broken alone, is caught by its check and by no other.
func TestBroken(t *testing.T) {
	for name, c := range broken {
		t.Run(name, func(t *testing.T) {
			s := healthy()
			c.spoil(s)
			r, err := s.play(t)
			if err != nil {
				t.Fatal(err)
			}
			caught := slices.ContainsFunc(r.Verdicts, func(v Verdict) bool {
				return v.Check == c.check && v.State == Failed && strings.Contains(strings.Join(v.Findings, "\n"), c.says)
			})
			if !caught || !r.Failed() {
				t.Errorf("%s does not say %q:\n%v", c.check, c.says, r)
			}
			for _, v := range r.Verdicts {
				if v.State != OK && v.Check != c.check {
					t.Errorf("%s speaks up, too: %v", v.Check, v.Findings)
				}
			}
		})
	}
}

// TestCannotJudge: missing evidence is a failure, not a pass.
func TestCannotJudge(t *testing.T) {
	for name, spoil := range map[string]func(*scene){
		"no MONITOR":     func(s *scene) { s.Monitor = "" },
		"no end":         func(s *scene) { s.noEnd = true },
		"an unasked gap": func(s *scene) { s.monitor = []string{gapOf(130, 140)} },
	} {
		t.Run(name, func(t *testing.T) {
			s := healthy()
			spoil(s)
			r, err := s.play(t)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range r.Verdicts {
				if blind := v.Check == "O3" || v.Check == "O4"; blind != (v.State == Unknown) || blind == (v.State == OK) {
					t.Errorf("%s: %s", v.Check, v.State)
				}
			}
			if !r.Failed() {
				t.Error("the report passes")
			}
		})
	}
	s := healthy()
	s.steps = nil
	if _, err := s.play(t); err == nil {
		t.Error("a run without an entry passes")
	}
}

func gapOf(from, to int) string {
	stamp := func(ms int) string { return t0.Add(time.Duration(ms) * time.Millisecond).Format(time.RFC3339Nano) }
	return gapMark + stamp(from) + " " + stamp(to)
}

// TestTrimmedStatus: the status stream has only its newest entries, and where it begins may lie within a MULTI.
func TestTrimmedStatus(t *testing.T) {
	for gone := 1; ; gone++ {
		left := -1
		s := healthy()
		s.atEnd = func(end *endState) {
			if left = len(end.Status) - gone; left > 0 {
				end.Status = end.Status[gone:]
			}
		}
		if r := played(t, s); r.Failed() {
			t.Errorf("without the first %d: %v", gone, r)
		}
		if left <= 1 {
			return
		}
	}
}
