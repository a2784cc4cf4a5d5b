package judge

import (
	"slices"
	"strings"
	"testing"
)

// faults are runs to which something was done on purpose. With the fault named they pass; without it the check speaks.
var faults = map[string]struct {
	fault Fault
	check string
	spoil func(*scene)
}{
	"killed with a POST on its way": {Fault{Killed: true}, "O3", func(s *scene) {
		s.find("post A2").request.ResponseStatus.Code = 504
		s.find("post A2").took = 20
	}},
	"the API server killed before it logged": {Fault{APIServer: true}, "O3", func(s *scene) {
		s.find("post A2").request.ResponseStatus.Code = 0
		s.kube("", 14, "create", podOf(2, evA), 409)
	}},
	"the API server killed right after a POST": {Fault{APIServer: true, LostAudit: true}, "O3", func(s *scene) { s.drop("post A2") }},
	"the API server killed right after a DELETE": {Fault{APIServer: true, LostAudit: true}, "O11", func(s *scene) {
		s.find("delete A1").request.ResponseStatus.Code = 404
	}},
	"the API server killed right after a look": {Fault{APIServer: true, LostAudit: true}, "O1", func(s *scene) {
		s.find("outcome A1").cmds = gone(evA, "lost", "Missing")
		s.find("close A").cmds[0] = say("closed", evA, "n_succeeded", "0", "n_failed", "1", "n_cancelled", "0", "n_lost", "1")
	}},
	"Redis away at an outcome": {Fault{Redis: true}, "O4", func(s *scene) {
		s.find("outcome A1").unseen = true
		s.monitor = []string{gapOf(19, 21)}
	}},
	"Redis away at a settlement": {Fault{Redis: true}, "O3", func(s *scene) {
		s.find("settle D").unseen = true
		s.monitor = []string{gapOf(11, 13)}
	}},
	"Redis away at a choice": {Fault{Redis: true}, "O4", func(s *scene) {
		s.find("choose").unseen = true
		s.monitor = []string{gapOf(104, 106)}
		s.atEnd = func(end *endState) { end.Victims[evDown] = evD + "/1" }
	}},
	"Redis emptied": {Fault{LostWrites: true}, "O10", func(s *scene) {
		s.atEnd = func(end *endState) { end.Status, end.Stream, end.Dead = nil, nil, nil }
	}},
	"an outcome forgotten and said again": {Fault{LostWrites: true}, "O10", func(s *scene) {
		s.redis("", 21, worker(evA, 1, 1, "succeeded")...)
		s.atEnd = func(end *endState) {
			i := slices.IndexFunc(end.Status, func(en entry) bool { return en.Fields["state"] == "succeeded" })
			end.Status = slices.Delete(end.Status, i, i+1)
		}
	}},
	"an entry trimmed": {Fault{Trimmed: true}, "O2", func(s *scene) {
		s.add("", 50, "type", "scale_up", "pod_count", "1")
		s.redis("", 51, []string{"xadd", side + "dead", "*", "original_id", at(50), "reason_code", "trimmed"}, xack(at(50)), say("rejected", at(50)))
		s.atEnd = func(end *endState) {
			end.Stream = slices.DeleteFunc(end.Stream, func(en entry) bool { return en.ID.String() == at(50) })
		}
	}},
	"somebody else held the name": {Fault{Others: true}, "O8", func(s *scene) {
		foreign := s.kube("", 3, "create", podOf(1, evD), 201)
		foreign.User.Username = "somebody"
		bound := s.kube("", 4, "create", podOf(1, evD), 201)
		bound.User.Username, bound.ObjectRef.Subresource, bound.ObjectRef.UID = "scheduler", "binding", "another"
		s.find("post D").request.ResponseStatus.Code = 409
		s.kube("", 7, "delete", podOf(1, evD), 200).User.Username = "somebody"
		s.kube("", 8, "create", podOf(1, evD), 201)
		s.kube("", 9, "get", podOf(1, evA), 200)
	}},
	"rights withdrawn": {Fault{Denied: true}, "O9", func(s *scene) { s.kube("", 50, "watch", "", 403) }},
}

func TestFaults(t *testing.T) {
	for name, c := range faults {
		t.Run(name, func(t *testing.T) {
			s := healthy()
			c.spoil(s)
			if r := played(t, s); !speaks(r, c.check) {
				t.Errorf("%s says nothing although no fault is named:\n%v", c.check, r)
			}
			s.Fault = c.fault
			if r := played(t, s); r.Failed() {
				t.Errorf("it fails although the fault is named:\n%v", r)
			}
		})
	}
}

func played(t *testing.T, s *scene) Report {
	t.Helper()
	r, err := s.play(t)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// speaks reports whether a check failed, or could not be judged.
func speaks(r Report, check string) bool {
	return slices.ContainsFunc(r.Verdicts, func(v Verdict) bool { return v.Check == check && (v.State == Failed || v.State == Unknown) })
}

// TestStillCaught: naming a fault makes nobody blind to what it does not explain.
func TestStillCaught(t *testing.T) {
	all := Fault{Killed: true, APIServer: true, LostAudit: true, Redis: true, LostWrites: true, Trimmed: true, Denied: true, Others: true}
	for name, c := range map[string]struct {
		check string
		fault Fault
		spoil func(*scene)
	}{
		"two Pods":                   {"O1", all, func(s *scene) { s.kube("", 7, "create", podOf(2, evA), 201) }},
		"acknowledged before a POST": {"O3", Fault{APIServer: true, LostAudit: true}, func(s *scene) { s.move("post A2", 100) }},
		"a Pod nobody deleted":       {"O11", Fault{APIServer: true, LostAudit: true}, func(s *scene) { s.drop("delete A1") }},
		"a POST nobody saw a Pod of": {"O3", Fault{Killed: true}, func(s *scene) {
			s.find("post A2").request.ResponseStatus.Code = 504
			s.drop("delete A2")
		}},
		"deleted before an outcome in a gap": {"O4", Fault{Redis: true}, func(s *scene) {
			s.find("outcome A1").unseen = true
			s.monitor = []string{gapOf(15, 21)}
			s.move("delete A1", 18)
		}},
		"acknowledged too early in a gap": {"O3", Fault{Redis: true}, func(s *scene) {
			s.find("settle D").unseen = true
			s.monitor = []string{gapOf(11, 13)}
			s.find("post D").took = 9
			s.find("mark D2").ms = 48
		}},
		"two outcomes that stand": {"O10", all, func(s *scene) { s.redis("", 24, worker(evA, 1, 1, "lost")...) }},
		"acknowledged for somebody else's Pod": {"O3", all, func(s *scene) {
			s.kube("", 3, "create", podOf(1, evD), 201).User.Username = "somebody"
			s.find("post D").request.ResponseStatus.Code = 409
			s.kube("", 14, "delete", podOf(1, evD), 200).User.Username = "somebody"
			s.kube("", 15, "create", podOf(1, evD), 201)
		}},
		"a Pod left": {"O11", all, func(s *scene) { s.Leftover = []string{"x"} }},
		"a DELETE without a UID": {"O4", all, func(s *scene) {
			s.find("delete A1").request.RequestObject.Preconditions.UID = ""
		}},
		"another namespace": {"O7", all, func(s *scene) { s.kube("", 50, "list", "", 200).ObjectRef.Namespace = "default" }},
		"a slot forgotten":  {"O2", all, func(s *scene) { s.drop("outcome A2") }},
	} {
		t.Run(name, func(t *testing.T) {
			s := healthy()
			s.Fault = c.fault
			c.spoil(s)
			if r := played(t, s); !speaks(r, c.check) {
				t.Errorf("%s says nothing:\n%v", c.check, r)
			}
		})
	}
}

// TestReport: the table names each check, and shows the first findings only.
func TestReport(t *testing.T) {
	f := findings{}
	for range 25 {
		f.add("a slot without %s", "outcome")
	}
	v := f.verdict()
	v.Check, v.Promise = "O2", "all is well"
	text := Report{Verdicts: []Verdict{v}}.String()
	if !strings.Contains(text, "O2  FAILED") || strings.Count(text, "a slot") != shown || !strings.Contains(text, "5 more") {
		t.Errorf("the table:\n%s", text)
	}
}
