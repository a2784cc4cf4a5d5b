package checker

import (
	"slices"
	"testing"
	"time"
)

// The events of the controlled scenario, besides the healthy one's.
var (
	evT      = at(200)  // scale_up of 3 of task t in queue web: one has a Pod, two wait, all are cancelled
	evC      = at(300)  // cancel of task t in queue web
	evL      = at(330)  // scale_up of 1 of task t in queue web, later: it runs
	evS      = at(420)  // scale_up of 1 that must start within a second, and does not
	evP      = at(430)  // scale_up of 1 that waits for the end of a pause
	pausedAt = 400      // queue web
	resumed  = 5000     // queue web
	evQ      = at(2000) // scale_up of 1 in the default queue, while web is paused
)

// controlled is a run without faults, with cancels, pauses and deadlines.
func controlled() *scenario {
	s := healthy()
	s.queues = map[string]string{evT: "web", evC: "web", evL: "web", evS: "web", evP: "web"}
	s.cancelTask()
	s.pauseQueue()
	return s
}

func (s *scenario) cancelTask() {
	s.add("send T", 200, "type", "scale_up", "pod_count", "3", "task_id", "t", "queue", "web")
	s.redis("accept T", 202, status("accepted", evT))
	s.kube("post T1", 204, "create", podOf(1, evT), 201)
	s.kube("post T2", 205, "create", podOf(2, evT), 422)
	s.redis("mark T1", 206, append(worker(evT, 1, 1, "created"), status("waiting", evT))...)
	s.add("send C", 300, "type", "cancel", "task_id", "t", "queue", "web")
	s.redis("accept C", 302, status("accepted", evC))
	s.redis("cancel", 305, []string{"hset", prefix + "event:" + evC, "settled", "now"}, xack(evC), status("cancelling", evC))
	s.redis("outcomes T", 306, slices.Concat(
		cancelledWorker(evT, 2), cancelledWorker(evT, 3), [][]string{xack(evT), status("settled", evT)})...)
	s.kube("delete T1", 310, "delete", podOf(1, evT), 200)
	s.redis("outcome T1", 320, append(cancelledWorker(evT, 1), closed(evT, "0", "0", "3"), closed(evC, "0", "0", "3"))...)
	s.add("send L", 330, "type", "scale_up", "pod_count", "1", "task_id", "t", "queue", "web")
	s.runOne("L", evL, 332)
}

func cancelledWorker(event string, slot int) [][]string {
	cmds := worker(event, slot, 1, "cancelled")
	cmds[1] = append(cmds[1], "reason", "Cancelled")
	return cmds
}

// runOne is the life of an event with one worker, from that millisecond on.
func (s *scenario) runOne(name, event string, ms int) {
	s.redis("accept "+name, ms, status("accepted", event))
	s.kube("post "+name, ms+2, "create", podOf(1, event), 201)
	s.redis("mark "+name, ms+4, append(worker(event, 1, 1, "created"), xack(event), status("settled", event))...)
	s.redis("outcome "+name, ms+10, append(worker(event, 1, 1, "succeeded"), closed(event, "1", "0", "0"))...)
	s.kube("delete "+name, ms+12, "delete", podOf(1, event), 200)
}

func (s *scenario) pauseQueue() {
	s.redis("pause", pausedAt, []string{"hset", prefix + "pause", "web", "{}"}, control("paused", "web"))
	s.add("send S", 420, "type", "scale_up", "pod_count", "1", "queue", "web", "start_deadline_seconds", "1")
	s.redis("accept S", 422, append(status("accepted", evS), "at", stampAt(421)))
	late := worker(evS, 1, 1, "failed")
	late[1] = append(late[1], "reason", "StartDeadlineExceeded", "at", stampAt(1421))
	s.redis("outcome S", 1430, append(late, xack(evS), status("settled", evS), closed(evS, "0", "1", "0"))...)
	s.add("send P", 430, "type", "scale_up", "pod_count", "1", "queue", "web")
	s.add("send Q", 2000, "type", "scale_up", "pod_count", "1")
	s.runOne("Q", evQ, 2500)
	s.redis("resume", resumed, []string{"hdel", prefix + "pause", "web"}, control("resumed", "web"))
	s.runOne("P", evP, resumed)
	s.move("accept P", 432)
}

func control(kind, queue string) []string {
	return []string{"xadd", prefix + "status", "*", "kind", kind, "queue", queue, "by", "kim"}
}

func stampAt(ms int) string {
	return t0.Add(time.Duration(ms) * time.Millisecond).Format(time.RFC3339Nano)
}

// replace replaces the command of a step that has that word.
func (s *scenario) replace(name, word string, with ...string) {
	st := s.find(name)
	for i := range st.cmds {
		if slices.Contains(st.cmds[i], word) {
			st.cmds[i] = with
		}
	}
}

// brokenControls are controlled runs that break one rule each.
var brokenControls = map[string]struct {
	check   string
	finding string
	mutate  func(*scenario)
}{
	"a POST after a cancel": {"O1", "after cancel " + evC, func(s *scenario) { s.kube("", 2400, "create", podOf(2, evT), 422) }},
	"too late, with a Pod": {"O1", "but it had a Pod", func(s *scenario) {
		s.kube("", 440, "create", podOf(1, evS), 201)
		s.kube("", 1440, "delete", podOf(1, evS), 200)
	}},
	"too late before its deadline": {"O1", "its deadline was 1s", func(s *scenario) {
		cmd := s.find("outcome S").cmds[1]
		cmd[len(cmd)-1] = stampAt(1420)
	}},

	"a cancel with a worker": {"O2", "may have 0 workers", func(s *scenario) { s.kube("", 310, "create", podOf(1, evC), 500) }},

	"a cancel acknowledged before its record": {"O3", "acknowledged in one MULTI", func(s *scenario) { s.redis("", 304, xack(evC)) }},
	"a cancel without its record":             {"O3", "acknowledged in one MULTI", func(s *scenario) { s.without("cancel", "settled") }},

	"deleted before the cancel": {"O4", "before the record that allowed it", func(s *scenario) { s.move("delete T1", 304) }},
	"a later event cancelled": {"O4", "no cancel that takes it", func(s *scenario) {
		s.find("outcome L").cmds = append(cancelledWorker(evL, 1), closed(evL, "0", "0", "1"))
	}},
	"a target that failed": {"O4", "ended otherwise", func(s *scenario) {
		failed := []string{"xadd", prefix + "status", "*", "kind", "closed", "event_id", evC}
		failed = append(failed, "n_succeeded", "0", "n_failed", "1", "n_cancelled", "2", "n_lost", "0")
		s.find("outcome T1").cmds = append(worker(evT, 1, 1, "failed"), closed(evT, "0", "1", "2"), failed)
		s.move("outcome T1", 2400)
	}},
	"scaled down by nobody": {"O4", "no scale_down had selected it", func(s *scenario) {
		s.find("outcome L").cmds = append(worker(evL, 1, 1, "cancelled"), closed(evL, "0", "0", "1"))
		s.find("outcome L").cmds[1] = append(s.find("outcome L").cmds[1], "reason", "ScaledDown")
	}},

	"a cancel that counts too many": {"O10", "its targets had 3", func(s *scenario) {
		s.find("outcome T1").cmds[3] = closed(evC, "0", "0", "4")
	}},
	"a cancel closed too early": {"O10", "before slot 1", func(s *scenario) {
		s.find("outcome T1").cmds = slices.Delete(s.find("outcome T1").cmds, 3, 4)
		s.redis("", 315, closed(evC, "0", "0", "3"))
	}},
	"a cancel closed twice":     {"O10", "`closed` was written 2 times", func(s *scenario) { s.redis("", 330, closed(evC, "0", "0", "3")) }},
	"an entry without a queue":  {"O10", `names ""`, func(s *scenario) { s.replace("accept T", "accepted", status("accepted", evT, "queue", "")...) }},
	"waiting after its end":     {"O10", "waiting at", func(s *scenario) { s.redis("", 340, status("waiting", evT)) }},
	"a number given twice":      {"O13", "missing or repeated", func(s *scenario) { s.replace("accept T", "accepted", status("accepted", evT, "seq", "2")...) }},
	"numbers in another order":  {"O13", "after 2", swapNumbers},
	"started while paused":      {"O15", `after "web" was paused`, func(s *scenario) { s.move("post P", 3000) }},
	"started before the resume": {"O15", `after "web" was paused`, func(s *scenario) { s.move("post P", resumed-1) }},
	"started while all is paused": {"O15", `after "*" was paused`, func(s *scenario) {
		s.find("pause").cmds = [][]string{{"hset", prefix + "pause", "*", "{}"}, control("paused", "*")}
		s.find("resume").cmds = [][]string{{"hdel", prefix + "pause", "*"}, control("resumed", "*")}
	}},
	"a pause not recorded": {"O15", "not recorded in the same MULTI", func(s *scenario) { s.without("pause", "hset") }},
	"a pause forgotten":    {"O15", "the queues paused at the end", func(s *scenario) { s.without("resume", "resumed") }},
}

func swapNumbers(s *scenario) {
	s.replace("accept T", "accepted", status("accepted", evT, "seq", "2")...)
	s.replace("mark T1", "created", append(worker(evT, 1, 1, "created")[1], "seq", "1")...)
}

// TestBrokenControls: each broken rule is found by its check and by no other.
func TestBrokenControls(t *testing.T) {
	for name, c := range brokenControls {
		t.Run(name, func(t *testing.T) {
			s := controlled()
			c.mutate(s)
			onlyFinding(t, s, c.check, c.finding)
		})
	}
}

// TestOnItsWay: requests and outcomes that were decided before a command was known are no finding.
func TestOnItsWay(t *testing.T) {
	for name, mutate := range map[string]func(*scenario){
		"a POST of a cancelled worker": func(s *scenario) { s.kube("", 1000, "create", podOf(3, evT), 422) },
		"a POST of a paused queue":     func(s *scenario) { s.move("post P", 1400) },
		"a failure while being cancelled": func(s *scenario) {
			s.find("outcome T1").cmds = append(worker(evT, 1, 1, "failed"), closed(evT, "0", "1", "2"), closed(evC, "0", "0", "2"))
		},
		"a success while being cancelled": func(s *scenario) {
			s.find("outcome T1").cmds = append(worker(evT, 1, 1, "succeeded"), closed(evT, "1", "0", "2"), closed(evC, "1", "0", "2"))
		},
		"an event ID as target": func(s *scenario) {
			s.find("send C").cmds[0] = []string{"xadd", src, "*", "type", "cancel", "event_id", evT}
			s.queues[evC] = "default"
		},
		"a task of another queue": func(s *scenario) {
			s.queues[at(250)] = "ml"
			s.add("", 250, "type", "scale_up", "pod_count", "1", "task_id", "t", "queue", "ml")
			s.runOne("X", at(250), 2600)
			s.move("accept X", 252)
		},
		"a target that never was": func(s *scenario) {
			s.add("", 6000, "type", "cancel", "event_id", "5-0")
			s.redis("", 6001, []string{"hset", prefix + "event:" + at(6000), "settled", "now"}, xack(at(6000)),
				status("accepted", at(6000)), status("cancelling", at(6000)), closed(at(6000), "0", "0", "0"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := controlled()
			mutate(s)
			if r := run(t, s); r.Failed() {
				t.Errorf("the report: %v", r)
			}
		})
	}
}

// TestControlsInGap: what a gap of MONITOR hides is known from the end state.
func TestControlsInGap(t *testing.T) {
	for _, name := range []string{"cancel", "pause", "resume"} {
		t.Run(name, func(t *testing.T) {
			s := controlled()
			s.redis("", 450, []string{"hset", prefix + "pause", "ml", "{}"}, control("paused", "ml")) // of another queue
			s.redis("", 5050, []string{"hdel", prefix + "pause", "ml"}, control("resumed", "ml"))
			s.find(name).unrecorded = true
			ms := s.find(name).ms
			s.monitor = []string{gapOf(ms-1, ms+1)}
			if r := run(t, s); !r.Failed() {
				t.Errorf("it passes although no fault is declared:\n%v", r)
			}
			s.Fault = Fault{Redis: true}
			if r := run(t, s); r.Failed() {
				t.Errorf("it fails although the fault is declared:\n%v", r)
			}
		})
	}
	s := controlled()
	s.Monitor = ""
	if r := run(t, s); !reports(r, "O15") {
		t.Errorf("O15 passes without MONITOR:\n%v", r)
	}
}
