package checker

import (
	"slices"
	"strings"
	"testing"
)

// faults are runs with an injected fault. They pass when the fault is declared, and fail the check when it is not.
var faults = map[string]struct {
	fault  Fault
	check  string
	mutate func(*scenario)
}{
	"killed with a POST on its way": {Fault{Killed: true}, "O3", func(s *scenario) {
		s.find("post A2").request.ResponseStatus.Code = 504
		s.find("post A2").took = 20
	}},
	"the API server killed before it logged": {Fault{APIServer: true}, "O3", func(s *scenario) {
		s.find("post A2").request.ResponseStatus.Code = 0
		s.kube("", 14, "create", podOf(2, evA), 409)
	}},
	"the API server killed right after a POST": {Fault{APIServer: true, LostAudit: true}, "O3", func(s *scenario) { s.drop("post A2") }},
	"the API server killed right after a DELETE": {Fault{APIServer: true, LostAudit: true}, "O11", func(s *scenario) {
		s.find("delete A1").request.ResponseStatus.Code = 404
	}},
	"the API server killed right after a GET": {Fault{APIServer: true, LostAudit: true}, "O1", func(s *scenario) {
		s.find("outcome A1").cmds = goneWorker(evA, "lost", "Missing")
		s.find("close A").cmds[0] = status("closed", evA, "n_succeeded", "0", "n_failed", "1", "n_cancelled", "0", "n_lost", "1")
	}},
	"Redis down at an outcome": {Fault{Redis: true}, "O4", func(s *scenario) {
		s.find("outcome A1").unrecorded = true
		s.monitor = []string{gapOf(19, 21)}
	}},
	"Redis down at a settlement": {Fault{Redis: true}, "O3", func(s *scenario) {
		s.find("settle D").unrecorded = true
		s.monitor = []string{gapOf(11, 13)}
	}},
	"Redis down at a selection": {Fault{Redis: true}, "O4", func(s *scenario) {
		s.find("select").unrecorded = true
		s.monitor = []string{gapOf(104, 106)}
		s.atEnd = func(end *endState) { end.Victims[evDown] = evD + "/1" }
	}},
	"Redis emptied": {Fault{LostWrites: true}, "O10", func(s *scenario) {
		s.atEnd = func(end *endState) { end.Status, end.Stream, end.Dead = nil, nil, nil }
	}},
	"an event rebuilt from one of its Pods": {Fault{LostWrites: true}, "O1", func(s *scenario) {
		s.drop("post A2")
		s.drop("delete A2")
		lost := worker(evA, 2, 1, "lost")
		lost[1] = append(lost[1], "reason", "RecordLost")
		s.find("outcome A2").cmds = lost
		s.move("outcome A2", 10)
		s.find("close A").cmds[0] = status("closed", evA, "n_succeeded", "1", "n_failed", "0", "n_cancelled", "0", "n_lost", "1")
	}},
	"an outcome lost and written again": {Fault{LostWrites: true}, "O10", func(s *scenario) {
		s.redis("", 21, worker(evA, 1, 1, "succeeded")...)
		s.atEnd = func(end *endState) {
			i := slices.IndexFunc(end.Status, func(en entry) bool { return en.Fields["state"] == "succeeded" })
			end.Status = slices.Delete(end.Status, i, i+1)
		}
	}},
	"an entry trimmed": {Fault{Trimmed: true}, "O2", func(s *scenario) {
		s.add("", 50, "type", "scale_up", "pod_count", "1")
		dead := []string{"xadd", prefix + "dead", "*", "original_id", at(50), "reason_code", "trimmed"}
		s.redis("", 51, dead, xack(at(50)), status("rejected", at(50)))
		s.atEnd = func(end *endState) {
			end.Stream = slices.DeleteFunc(end.Stream, func(en entry) bool { return en.ID.String() == at(50) })
		}
	}},
	"another client had the name": {Fault{Others: true}, "O8", func(s *scenario) {
		foreign := s.kube("", 3, "create", podOf(1, evD), 201)
		foreign.User.Username = "another-client"
		bound := s.kube("", 4, "create", podOf(1, evD), 201)
		bound.User.Username, bound.ObjectRef.Subresource, bound.ObjectRef.UID = "scheduler", "binding", "another"
		s.find("post D").request.ResponseStatus.Code = 409
		s.kube("", 7, "delete", podOf(1, evD), 200).User.Username = "another-client"
		s.kube("", 8, "create", podOf(1, evD), 201)
		s.kube("", 9, "get", podOf(1, evA), 200)
	}},
	"permissions revoked": {Fault{Denied: true}, "O9", func(s *scenario) { s.kube("", 50, "watch", "", 403) }},
}

func TestFaults(t *testing.T) {
	for name, c := range faults {
		t.Run(name, func(t *testing.T) {
			s := healthy()
			c.mutate(s)
			if r := run(t, s); !reports(r, c.check) {
				t.Errorf("%s has no finding although no fault is declared:\n%v", c.check, r)
			}
			s.Fault = c.fault
			if r := run(t, s); r.Failed() {
				t.Errorf("it fails although the fault is declared:\n%v", r)
			}
		})
	}
}

func run(t *testing.T, s *scenario) Report {
	t.Helper()
	r, err := s.check(t)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// reports tells whether a check failed or could not be decided.
func reports(r Report, check string) bool {
	return slices.ContainsFunc(r.Results, func(v Result) bool { return v.Check == check && (v.State == Failed || v.State == Unknown) })
}

// TestStillCaught: declaring a fault hides nothing that the fault does not explain.
func TestStillCaught(t *testing.T) {
	all := Fault{Killed: true, APIServer: true, LostAudit: true, Redis: true, LostWrites: true, Trimmed: true, Denied: true, Others: true}
	for name, c := range map[string]struct {
		check  string
		fault  Fault
		mutate func(*scenario)
	}{
		"two Pods":                   {"O1", all, func(s *scenario) { s.kube("", 7, "create", podOf(2, evA), 201) }},
		"acknowledged before a POST": {"O3", Fault{APIServer: true, LostAudit: true}, func(s *scenario) { s.move("post A2", 100) }},
		"a Pod never deleted":        {"O11", Fault{APIServer: true, LostAudit: true}, func(s *scenario) { s.drop("delete A1") }},
		"a POST without a Pod": {"O3", Fault{Killed: true}, func(s *scenario) {
			s.find("post A2").request.ResponseStatus.Code = 504
			s.drop("delete A2")
		}},
		"deleted before an outcome in a gap": {"O4", Fault{Redis: true}, func(s *scenario) {
			s.find("outcome A1").unrecorded = true
			s.monitor = []string{gapOf(15, 21)}
			s.move("delete A1", 18)
		}},
		"acknowledged too early in a gap": {"O3", Fault{Redis: true}, func(s *scenario) {
			s.find("settle D").unrecorded = true
			s.monitor = []string{gapOf(11, 13)}
			s.find("post D").took = 9
			s.find("mark D2").ms = 48
		}},
		"two stored outcomes": {"O10", all, func(s *scenario) { s.redis("", 24, worker(evA, 1, 1, "lost")...) }},
		"acknowledged for a foreign Pod": {"O3", all, func(s *scenario) {
			s.kube("", 3, "create", podOf(1, evD), 201).User.Username = "another-client"
			s.find("post D").request.ResponseStatus.Code = 409
			s.kube("", 14, "delete", podOf(1, evD), 200).User.Username = "another-client"
			s.kube("", 15, "create", podOf(1, evD), 201)
		}},
		"a Pod left": {"O11", all, func(s *scenario) { s.Leftover = []string{"x"} }},
		"a DELETE without a UID": {"O4", all, func(s *scenario) {
			s.find("delete A1").request.RequestObject.Preconditions.UID = ""
		}},
		"another namespace":      {"O7", all, func(s *scenario) { s.kube("", 50, "list", "", 200).ObjectRef.Namespace = "default" }},
		"a slot without outcome": {"O2", all, func(s *scenario) { s.drop("outcome A2") }},
	} {
		t.Run(name, func(t *testing.T) {
			s := healthy()
			s.Fault = c.fault
			c.mutate(s)
			if r := run(t, s); !reports(r, c.check) {
				t.Errorf("%s has no finding:\n%v", c.check, r)
			}
		})
	}
}

// TestReport: the table names each check and shows only the first findings.
func TestReport(t *testing.T) {
	f := findings{}
	for range 25 {
		f.add("a slot without %s", "outcome")
	}
	v := f.result()
	v.Check, v.Rule = "O2", "every slot has its outcome"
	text := Report{Results: []Result{v}}.String()
	if !strings.Contains(text, "O2  FAILED") || strings.Count(text, "a slot") != maxShown || !strings.Contains(text, "5 more") {
		t.Errorf("the table:\n%s", text)
	}
}
