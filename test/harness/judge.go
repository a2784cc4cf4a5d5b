//go:build real

package harness

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/test/oracle/judge"
)

// verdict is how a Stack is judged: a recording that began with it, and whether its test has asked for the judgement.
type verdict struct {
	began  time.Time
	file   string
	stop   context.CancelFunc
	ended  chan error
	judged bool
}

// record begins the recording of Redis' MONITOR, and insists on a judgement at the end of the test.
func (s *Stack) record() {
	s.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	v := &verdict{began: time.Now(), file: filepath.Join(s.t.TempDir(), "monitor"), stop: stop, ended: make(chan error, 1)}
	go func() { v.ended <- judge.Record(ctx, s.Server.Addr, v.file) }()
	s.verdict = v
	s.t.Cleanup(func() {
		stop()
		if !v.judged && !s.t.Failed() && !s.t.Skipped() {
			s.t.Error("the test never asked the oracle: call Judge when the run has come to rest")
		}
	})
	s.Eventually("the recording to begin", func() error {
		info, err := os.Stat(v.file)
		if err != nil {
			return err
		}
		return want(info.Size() > 0, "nothing is recorded yet")
	})
}

// Judge asks the oracle whether the run, which must have come to rest, kept every promise; options say what was special
// about it. The recording ends with it, so it is the last thing a test does to its Stack.
func (s *Stack) Judge(options ...func(*judge.Evidence)) {
	s.t.Helper()
	began := time.Now()
	report := s.Report(options...)
	s.t.Logf("judged in %v: %v", time.Since(began).Round(time.Millisecond), report)
	if report.Failed() {
		s.t.Error("the oracle says that a promise was broken")
	}
	asked.add(report.Used)
}

// Report is what the oracle says, for a test that knows better what to make of it; otherwise it is Judge.
func (s *Stack) Report(options ...func(*judge.Evidence)) judge.Report {
	s.t.Helper()
	s.verdict.judged = true
	s.verdict.stop()
	if err := <-s.verdict.ended; err != nil {
		s.t.Fatalf("recording MONITOR: %v", err)
	}
	e := s.evidence()
	for _, o := range options {
		o(&e)
	}
	report, err := judge.Judge(context.Background(), e) // a cleanup may judge, too
	if err != nil {
		s.t.Fatalf("the oracle cannot judge: %v", err)
	}
	return report
}

func (s *Stack) evidence() judge.Evidence {
	return judge.Evidence{
		AuditLog: s.Cluster.AuditLog, From: s.verdict.began, Monitor: s.verdict.file,
		Redis: &goredis.Options{Addr: s.Server.Addr}, Stream: Stream,
		Namespace: s.Namespace, LeaseNamespace: s.home, User: s.User(),
		Granted: granted(), Leftover: s.Pods(),
	}
}

// granted are the rights as the audit log spells them.
func granted() []string {
	var out []string
	for resource, verbs := range map[string]string{"pods": rights, "leases": leaseRights, "events": eventRights} {
		for verb := range strings.SplitSeq(verbs, ",") {
			out = append(out, verb+" "+resource)
		}
	}
	return out
}

// With says what was done to the run on purpose.
func With(f judge.Fault) func(*judge.Evidence) {
	return func(e *judge.Evidence) { e.Fault = f }
}

// rightsUsed is what all Stacks of a package asked for together.
type rightsUsed struct {
	mu   sync.Mutex
	used []string
}

var asked rightsUsed

func (r *rightsUsed) add(used []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used = append(r.used, used...)
}

// UnusedRights says which rights no judged run needed, for a TestMain: a right that is never used is one too many.
func UnusedRights() error {
	asked.mu.Lock()
	defer asked.mu.Unlock()
	var idle []string
	for _, g := range granted() {
		if !slices.Contains(asked.used, g) {
			idle = append(idle, g)
		}
	}
	if len(idle) == 0 {
		return nil
	}
	return fmt.Errorf("granted, and used by none of the tests: %s", strings.Join(idle, ", "))
}
