package checker

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestHealthy: a run without faults passes every check.
func TestHealthy(t *testing.T) {
	for name, s := range map[string]*scenario{"events": healthy(), "controls": controlled()} {
		t.Run(name, func(t *testing.T) {
			r := run(t, s)
			for _, v := range r.Results {
				if v.State != OK {
					t.Errorf("%s: %s %v", v.Check, v.State, v.Findings)
				}
			}
			if r.Failed() || len(r.Results) != 14 {
				t.Errorf("the report: %v", r)
			}
		})
	}
}

// broken are runs that break one rule each, with the check that must find it and a part of its finding.
var broken = map[string]struct {
	check   string
	finding string
	mutate  func(*scenario)
}{
	"two Pods for one slot": {"O1", "was created 2 times", func(s *scenario) { s.kube("", 7, "create", podOf(2, evA), 201) }},
	"created again after its DELETE": {"O1", "was created again", func(s *scenario) {
		s.find("post D").request.ResponseStatus.Code = 504
		s.kube("", 8, "delete", podOf(1, evD), 200).User.Username = "another-client"
		s.kube("", 10, "create", podOf(1, evD), 201)
	}},
	"another Pod of the same name": {"O1", "had 2 UIDs", func(s *scenario) {
		s.find("bind A1").request.ObjectRef.UID = "another"
	}},
	"a Pod for a worker that ended": {"O1", "although its outcome was in Redis", func(s *scenario) {
		s.find("post A2").request.ResponseStatus.Code = 504
		s.kube("", 7, "create", podOf(2, evA), 409)
		s.kube("", 25, "create", podOf(2, evA), 201)
	}},
	"a second attempt without retrying": {"O1", "without a `retrying`", func(s *scenario) { s.move("post D2", 39) }},
	"an outcome without a Pod": {"O1", "there never was a Pod", func(s *scenario) {
		s.drop("post A2")
		s.drop("delete A2")
		s.move("outcome A2", 10)
	}},
	"missing without a GET": {"O1", "before the API server confirmed it", func(s *scenario) {
		s.find("outcome A1").cmds = goneWorker(evA, "lost", "Missing")
		s.find("close A").cmds[0] = status("closed", evA, "n_succeeded", "0", "n_failed", "1", "n_cancelled", "0", "n_lost", "1")
		s.kube("", 21, "get", podOf(1, evA), 404) // too late
		s.Granted = append(s.Granted, "get pods")
	}},
	"deleted, but found by a GET": {"O1", "before the API server confirmed it", func(s *scenario) {
		s.find("outcome A1").cmds = goneWorker(evA, "cancelled", "Deleted")
		s.find("close A").cmds[0] = closed(evA, "0", "1", "1")
		s.find("post A1").request.ResponseStatus.Code = 504 // so that the GET has a reason
		s.kube("", 9, "get", podOf(1, evA), 200)
		s.Granted = append(s.Granted, "get pods")
	}},
	"retried without a GET": {"O1", "before the API server confirmed it", func(s *scenario) {
		s.find("retry D").cmds = goneWorker(evD, "retrying", "Deleted")
	}},
	"a Pod of no event": {"O1", "belongs to no event", func(s *scenario) { s.kube("", 7, "create", "otto-agent-x", 201) }},

	"a slot without outcome": {"O2", "has no outcome", func(s *scenario) {
		s.drop("outcome A2")
		s.drop("delete A2")
		s.kube("", 50, "delete", podOf(2, evA), 200).User.Username = "another-client"
		s.find("close A").cmds[0] = closed(evA, "1", "0", "0")
	}},
	"an invalid entry without a dead letter": {"O2", "has 0 dead letters", func(s *scenario) {
		s.without("accept", evBad)
		s.redis("", 6, status("rejected", evBad))
		s.find("accept").cmds = append(s.find("accept").cmds, []string{"xadd", prefix + "dead", "*", "original_id", "none"}, xack(evBad))
	}},
	"an entry never accepted": {"O2", "without a `scaled_down` status", func(s *scenario) { s.without("select", "scaled_down") }},
	"a duplicate that ran": {"O2", "may have 0 workers", func(s *scenario) {
		s.kube("", 7, "create", podOf(1, evDup), 500)
	}},
	"a worker too many": {"O2", "may have 1 workers", func(s *scenario) { s.kube("", 7, "create", podOf(2, evD), 500) }},
	"a valid entry rejected": {"O2", "valid scale_up and has 1 dead letters", func(s *scenario) {
		s.redis("", 6, []string{"xadd", prefix + "dead", "*", "original_id", evD, "reason", "why not"})
	}},
	"an event never sent": {"O2", "was never sent", func(s *scenario) { s.redis("", 6, status("accepted", at(70))) }},
	"a lost XADD": {"O2", "left no trace", func(s *scenario) {
		s.add("", 50, "type", "scale_up", "pod_count", "1")
		s.atEnd = func(end *endState) {
			end.Stream = slices.DeleteFunc(end.Stream, func(en entry) bool { return en.ID.String() == at(50) })
		}
	}},

	"acknowledged before the Pod": {"O3", "before slot 2 had a Pod", func(s *scenario) { s.find("post A2").took = 6 }},
	"never acknowledged":          {"O3", "never acknowledged", func(s *scenario) { s.without("settle D", "xack") }},
	"acknowledged without its dead letter": {"O3", "without its dead letter in the same MULTI", func(s *scenario) {
		s.redis("", 4, xack(evBad))
	}},

	"deleted before the record":    {"O4", "before the record that allowed it", func(s *scenario) { s.move("delete A1", 19) }},
	"deleted before the selection": {"O4", "before the record that allowed it", func(s *scenario) { s.move("delete D2", 104) }},
	"deleted without a record": {"O4", "no record ever allowed it", func(s *scenario) {
		s.kube("", 50, "delete", podOf(2, evD), 404)
	}},
	"deleted without a UID": {"O4", "a DELETE without a UID", func(s *scenario) {
		s.find("delete A1").request.RequestObject.Preconditions.UID = ""
	}},
	"a foreign Pod deleted": {"O4", "belongs to no event", func(s *scenario) { s.kube("", 50, "delete", "another-client", 200) }},
	"a collection of Pods deleted": {"O4", "a collection of Pods", func(s *scenario) {
		s.Granted = append(s.Granted, "deletecollection pods")
		s.kube("", 50, "deletecollection", "", 200)
	}},
	"more victims than asked for": {"O4", "requested 1 victims and selected 2", func(s *scenario) {
		s.find("select").cmds[0][3] = evD + "/1 " + evA + "/1"
		s.move("outcome A1", 106)
		s.move("close A", 107)
		s.move("delete A1", 108)
	}},
	"a victim that had ended": {"O4", "after its end", func(s *scenario) {
		s.find("select").cmds[0][3] = evA + "/1"
		s.move("delete D2", 121)
	}},
	"a victim of a later event": {"O4", "which is not earlier", func(s *scenario) {
		s.find("select").cmds[0][3] = at(200) + "/1"
		s.move("delete D2", 121)
	}},

	"too many POSTs in flight": {"O5", "3 POSTs were in flight", func(s *scenario) { s.MaxInFlight = 2 }},
	"a permission not granted": {"O6", "`list pods`, which was not granted", func(s *scenario) {
		s.Granted = []string{"create pods", "delete pods", "watch pods"}
	}},
	"an unused permission": {"O6", "never used: get pods", func(s *scenario) { s.Granted, s.Exact = append(s.Granted, "get pods"), true }},
	"another namespace": {"O7", `in "kube-system"`, func(s *scenario) {
		s.kube("", 50, "list", "", 200).ObjectRef.Namespace = "kube-system"
		s.kube("", 49, "watch", "", 200)
	}},
	"a needless GET": {"O8", "no reason to request", func(s *scenario) {
		s.Granted = append(s.Granted, "get pods")
		s.kube("", 50, "get", podOf(1, evD)+"-r2", 200)
	}},
	"listed again and again": {"O8", "2 LISTs of all Pods", func(s *scenario) { s.kube("", 50, "list", "", 200) }},
	"denied":                 {"O9", "denied", func(s *scenario) { s.kube("", 50, "watch", "", 403) }},

	"two outcomes": {"O10", "has 2 outcomes", func(s *scenario) {
		s.redis("", 24, worker(evA, 1, 1, "lost")...)
		s.find("close A").cmds[0] = status("closed", evA, "n_succeeded", "1", "n_failed", "1", "n_cancelled", "0", "n_lost", "1")
	}},
	"an outcome without its record": {"O10", "not recorded in the same MULTI", func(s *scenario) { s.without("outcome A1", "hset") }},
	"an outcome not stored": {"O10", "is not in the status stream", func(s *scenario) {
		s.atEnd = func(end *endState) { end.Status = slices.Delete(end.Status, 5, 6) }
	}},
	"an outcome never written": {"O10", "MONITOR has no such write", func(s *scenario) {
		s.atEnd = func(end *endState) {
			again := end.Status[5]
			again.Fields = maps.Clone(again.Fields)
			delete(again.Fields, "seq")
			end.Status = append(end.Status, again)
		}
	}},
	"running after its end": {"O10", "written after its outcome", func(s *scenario) { s.redis("", 23, worker(evA, 1, 1, "running")...) }},
	"closed twice":          {"O10", "`closed` was written 2 times", func(s *scenario) { s.redis("", 23, closed(evA, "1", "1", "0")) }},
	"counted wrong":         {"O10", "n_succeeded=2", func(s *scenario) { s.find("close A").cmds[0] = closed(evA, "2", "1", "0") }},

	"an entry pending":  {"O11", "is pending", func(s *scenario) { s.atEnd = func(end *endState) { end.Pending = []string{evA} } }},
	"an event open":     {"O11", "is open", func(s *scenario) { s.atEnd = func(end *endState) { end.Open = []string{evA} } }},
	"an entry not read": {"O11", "never read", func(s *scenario) { s.atEnd = func(end *endState) { end.Unread = []string{evA} } }},
	"a Pod left":        {"O11", "still there", func(s *scenario) { s.Leftover = []string{podOf(1, evA)} }},
	"a Pod not deleted": {"O11", "never deleted", func(s *scenario) { s.drop("delete A1") }},
}

// goneWorker is the status and the record of slot 1 whose Pod is gone.
func goneWorker(event, state, reason string) [][]string {
	cmds := worker(event, 1, 1, state)
	cmds[1] = append(cmds[1], "reason", reason)
	return cmds
}

// TestMissing: a worker whose Pod was not found, or replaced by a foreign Pod, may be reported missing.
func TestMissing(t *testing.T) {
	for name, absent := range map[string]func(*scenario){
		"no such Pod": func(s *scenario) { s.kube("", 15, "get", podOf(1, evA), 404) },
		"another's": func(s *scenario) {
			s.kube("", 14, "delete", podOf(1, evA), 200).User.Username = "another-client"
			s.kube("", 15, "create", podOf(1, evA), 201).User.Username = "another-client"
			s.kube("", 16, "get", podOf(1, evA), 200)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := healthy()
			s.Fault = Fault{Others: true}
			s.find("outcome A1").cmds = goneWorker(evA, "lost", "Missing")
			s.find("close A").cmds[0] = status("closed", evA, "n_succeeded", "0", "n_failed", "1", "n_cancelled", "0", "n_lost", "1")
			absent(s)
			if r := run(t, s); r.Failed() {
				t.Errorf("the report: %v", r)
			}
		})
	}
}

// TestBroken: each broken rule is found by its check and by no other.
func TestBroken(t *testing.T) {
	for name, c := range broken {
		t.Run(name, func(t *testing.T) {
			s := healthy()
			c.mutate(s)
			onlyFinding(t, s, c.check, c.finding)
		})
	}
}

// onlyFinding: one check fails, with that finding, and all others pass.
func onlyFinding(t *testing.T, s *scenario, check, finding string) {
	t.Helper()
	r := run(t, s)
	caught := slices.ContainsFunc(r.Results, func(v Result) bool {
		return v.Check == check && v.State == Failed && strings.Contains(strings.Join(v.Findings, "\n"), finding)
	})
	if !caught || !r.Failed() {
		t.Errorf("%s has no finding %q:\n%v", check, finding, r)
	}
	for _, v := range r.Results {
		if v.State != OK && v.Check != check {
			t.Errorf("%s also has findings: %v", v.Check, v.Findings)
		}
	}
}

// TestMissingTraces: missing traces are a failure, not a pass.
func TestMissingTraces(t *testing.T) {
	for name, mutate := range map[string]func(*scenario){
		"no MONITOR":        func(s *scenario) { s.Monitor = "" },
		"no end":            func(s *scenario) { s.noEnd = true },
		"an undeclared gap": func(s *scenario) { s.monitor = []string{gapOf(130, 140)} },
	} {
		t.Run(name, func(t *testing.T) {
			s := healthy()
			mutate(s)
			r, err := s.check(t)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range r.Results {
				if unordered := v.Check == "O3" || v.Check == "O4"; unordered != (v.State == Unknown) || unordered == (v.State == OK) {
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
	if _, err := s.check(t); err == nil {
		t.Error("a run without an entry passes")
	}
}

func gapOf(from, to int) string {
	stamp := func(ms int) string { return t0.Add(time.Duration(ms) * time.Millisecond).Format(time.RFC3339Nano) }
	return gapPrefix + stamp(from) + " " + stamp(to)
}

// TestTrimmedStatus: the status stream has only its newest entries and may begin within a MULTI.
func TestTrimmedStatus(t *testing.T) {
	for gone := 1; ; gone++ {
		left := -1
		s := healthy()
		s.atEnd = func(end *endState) {
			if left = len(end.Status) - gone; left > 0 {
				end.Status = end.Status[gone:]
			}
		}
		if r := run(t, s); r.Failed() {
			t.Errorf("without the first %d: %v", gone, r)
		}
		if left <= 1 {
			return
		}
	}
}
