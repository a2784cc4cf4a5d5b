package checker

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

const (
	ns     = "ci"
	user   = "system:serviceaccount:ci:ottoscaler"
	src    = "otto:scale:events"
	prefix = "{otto:scale:events}:"
)

// t0 is when every scenario begins; its steps are at milliseconds after it.
var t0 = time.UnixMilli(1756659802900).UTC()

// at is the ID of the first entry that Redis creates in that millisecond.
func at(ms int) string { return strconv.FormatInt(t0.UnixMilli()+int64(ms), 10) + "-0" }

// The events of the healthy scenario.
var (
	evA    = at(0)   // scale_up of 2, with a key
	evBad  = at(1)   // pod_count 0
	evDup  = at(2)   // the same as A
	evD    = at(3)   // scale_up of 1: evicted, tried again, then a victim
	evDown = at(100) // scale_down of 1
)

// step is one action: commands in one MULTI, or one request.
type step struct {
	name       string
	ms         int
	cmds       [][]string
	alone      bool // the commands are no MULTI
	request    *auditEvent
	took       int
	unrecorded bool // MONITOR was disconnected
}

// scenario is a small hand-written run.
type scenario struct {
	Input
	steps   []step
	queues  map[string]string // of events; absent: default
	atEnd   func(*endState)
	monitor []string // more lines of MONITOR, at the end
	noEnd   bool
}

func (s *scenario) redis(name string, ms int, cmds ...[]string) {
	s.steps = append(s.steps, step{name: name, ms: ms, cmds: cmds})
}

func (s *scenario) add(name string, ms int, fields ...string) {
	cmd := append([]string{"xadd", src, "*"}, fields...)
	s.steps = append(s.steps, step{name: name, ms: ms, cmds: [][]string{cmd}, alone: true})
}

// kube adds a request of the product for a Pod.
func (s *scenario) kube(name string, ms int, verb, pod string, code int) *auditEvent {
	a := &auditEvent{Stage: "ResponseComplete", Verb: verb, RequestURI: "/api/v1/namespaces/ci/pods/" + pod}
	a.User.Username, a.ResponseStatus.Code = user, code
	a.ObjectRef.Resource, a.ObjectRef.Namespace, a.ObjectRef.Name = "pods", ns, pod
	if verb == "delete" {
		a.RequestObject.Preconditions.UID = "uid-of-" + pod
	}
	s.steps = append(s.steps, step{name: name, ms: ms, request: a, took: 1})
	return a
}

func status(kind, event string, pairs ...string) []string {
	return append([]string{"xadd", prefix + "status", "maxlen", "~", "100000", "*", "kind", kind, "event_id", event}, pairs...)
}

// worker writes the status and the record of a slot.
func worker(event string, slot, attempt int, state string) [][]string {
	i, k := strconv.Itoa(slot), strconv.Itoa(attempt)
	return [][]string{
		{"hset", prefix + "event:" + event, "s" + i, k + " " + state + " uid - - - -"},
		status("worker", event, "index", i, "attempt", k, "state", state),
	}
}

func podOf(slot int, event string) string { return fmt.Sprintf("otto-agent-%d-%s", slot, event) }

func xack(event string) []string { return []string{"xack", src, "ottoscaler", event} }

func closed(event, succeeded, failed, cancelled string) []string {
	return status("closed", event, "n_succeeded", succeeded, "n_failed", failed, "n_cancelled", cancelled, "n_lost", "0")
}

// healthy is a run without faults.
func healthy() *scenario {
	s := &scenario{Input: Input{
		Redis: &goredis.Options{}, Namespace: ns, User: user, AuditLog: "-", Monitor: "-", MaxInFlight: 3,
		Granted: []string{"create pods", "delete pods", "list pods", "watch pods"},
	}}
	s.startRun()
	s.runWorkers()
	s.scaleDown()
	return s
}

func (s *scenario) startRun() {
	s.kube("version", -10, "get", "", 200).ObjectRef.Resource = ""
	s.kube("list", -9, "list", "", 200).ObjectRef.Name = ""
	s.kube("watch", -8, "watch", "", 200).Stage = "ResponseStarted"
	s.add("send A", 0, "type", "scale_up", "pod_count", "2", "idempotency_key", "k", "branch", "a \"b\"\n\\한")
	s.add("send bad", 1, "type", "scale_up", "pod_count", "0")
	s.add("send dup", 2, "type", "scale_up", "pod_count", "2", "idempotency_key", "k", "branch", "a \"b\"\n\\한", "timestamp", "1700000000")
	s.add("send D", 3, "type", "scale_up", "pod_count", "1")
	s.redis("aborted", 4) // a touched WATCH
	s.redis("accept", 5,
		[]string{"hset", prefix + "event:" + evA, "type", "scale_up"}, status("accepted", evA),
		[]string{"xadd", prefix + "dead", "*", "original_id", evBad, "reason", "no"}, xack(evBad), status("rejected", evBad),
		xack(evDup), status("duplicate", evDup), status("accepted", evD))
}

func (s *scenario) runWorkers() {
	s.kube("post A1", 6, "create", podOf(1, evA), 201)
	s.kube("post A2", 6, "create", podOf(2, evA), 201)
	s.kube("post D", 6, "create", podOf(1, evD), 201)
	s.redis("mark A", 10, slices.Concat(worker(evA, 1, 1, "created"), worker(evA, 2, 1, "created"))...)
	s.redis("settle A", 11, xack(evA), status("settled", evA))
	s.redis("settle D", 12, append(worker(evD, 1, 1, "created"), xack(evD), status("settled", evD))...)
	bind := s.kube("bind A1", 13, "create", podOf(1, evA), 201)
	bind.User.Username, bind.ObjectRef.Subresource, bind.ObjectRef.UID = "system:kube-scheduler", "binding", "uid-of-"+podOf(1, evA)
	s.redis("outcome A1", 20, worker(evA, 1, 1, "succeeded")...)
	s.redis("outcome A2", 21, worker(evA, 2, 1, "failed")...)
	s.redis("close A", 22, closed(evA, "1", "1", "0"))
	s.kube("delete A1", 30, "delete", podOf(1, evA), 200)
	s.kube("delete A2", 31, "delete", podOf(2, evA), 200)
	s.redis("retry D", 40, worker(evD, 1, 1, "retrying")...)
	s.kube("delete D", 41, "delete", podOf(1, evD), 200)
	s.kube("post D2", 45, "create", podOf(1, evD)+"-r2", 201)
	s.redis("mark D2", 47, worker(evD, 1, 2, "created")...)
}

func (s *scenario) scaleDown() {
	s.add("send down", 100, "type", "scale_down", "pod_count", "1")
	s.redis("select", 105, []string{"hset", prefix + "event:" + evDown, "victims", evD + "/1"}, xack(evDown), status("scaled_down", evDown))
	s.kube("delete D2", 110, "delete", podOf(1, evD)+"-r2", 200)
	s.redis("outcome D", 120, append(worker(evD, 1, 2, "cancelled"), closed(evD, "0", "0", "1"))...)
}

func (s *scenario) find(name string) *step {
	i := slices.IndexFunc(s.steps, func(st step) bool { return st.name == name })
	if i < 0 {
		panic("no step " + name)
	}
	return &s.steps[i]
}

func (s *scenario) drop(name string) {
	s.find(name)
	s.steps = slices.DeleteFunc(s.steps, func(st step) bool { return st.name == name })
}

func (s *scenario) move(name string, ms int) { s.find(name).ms = ms }

// without removes the commands with that word from a step.
func (s *scenario) without(name, word string) {
	st := s.find(name)
	st.cmds = slices.DeleteFunc(st.cmds, func(cmd []string) bool { return slices.Contains(cmd, word) })
}

// check writes the traces of a scenario and checks them.
func (s *scenario) check(t *testing.T) (Report, error) {
	t.Helper()
	slices.SortStableFunc(s.steps, func(a, b step) int { return a.ms - b.ms })
	s.completeStatus()
	var audit, redis strings.Builder
	end := &endState{Victims: map[string]string{}}
	fmt.Fprintf(&redis, "%s%s\n", beginPrefix, t0.Add(-time.Second).Format(time.RFC3339Nano))
	for i := range s.steps {
		if st := &s.steps[i]; st.request != nil {
			writeRequest(t, &audit, st)
		} else {
			if !st.unrecorded {
				writeCommands(&redis, st)
			}
			endOf(st, end)
		}
	}
	for _, line := range s.monitor {
		redis.WriteString(line + "\n")
	}
	if !s.noEnd {
		redis.WriteString(endPrefix + "\n")
	}
	if s.atEnd != nil {
		s.atEnd(end)
	}
	return s.checkTraces(t, audit.String(), redis.String(), end)
}

func (s *scenario) checkTraces(t *testing.T, audit, redis string, end *endState) (Report, error) {
	t.Helper()
	in := s.Input
	if err := in.complete(); err != nil {
		t.Fatal(err)
	}
	requests, err := parseAudit(strings.NewReader(audit), &in)
	if err != nil {
		t.Fatal(err)
	}
	if in.Monitor == "" {
		return check(&in, requests, nil, end)
	}
	m, err := parseMonitor(strings.NewReader(redis))
	if err != nil {
		t.Fatal(err)
	}
	return check(&in, requests, m, end)
}

func writeRequest(t *testing.T, to *strings.Builder, st *step) {
	t.Helper()
	a := *st.request
	a.RequestReceivedTimestamp = t0.Add(time.Duration(st.ms) * time.Millisecond)
	a.StageTimestamp = a.RequestReceivedTimestamp.Add(time.Duration(st.took) * time.Millisecond)
	line, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	to.Write(append(line, '\n'))
}

func writeCommands(to *strings.Builder, st *step) {
	stamp := t0.Add(time.Duration(st.ms) * time.Millisecond).UnixMicro()
	cmds := st.cmds
	if !st.alone {
		cmds = slices.Concat([][]string{{"multi"}}, cmds, [][]string{{"exec"}})
	}
	for _, cmd := range cmds {
		fmt.Fprintf(to, "%d.%06d [0 127.0.0.1:4711]", stamp/1e6, stamp%1e6)
		for _, arg := range cmd {
			fmt.Fprintf(to, " %s", quote(arg))
		}
		to.WriteByte('\n')
	}
}

// quote quotes as Redis does, for the texts of these tests.
func quote(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteString(`\` + string(c))
		case c == '\n':
			b.WriteString(`\n`)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return `"` + b.String() + `"`
}
