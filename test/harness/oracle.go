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

	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

// recording is the oracle's part of a Stack: a recording of MONITOR that began with it, and whether the test called Verify.
type recording struct {
	began    time.Time
	file     string
	stop     context.CancelFunc
	ended    chan error
	verified bool
}

// record starts the recording of Redis' MONITOR, and requires a call of Verify before the end of the test.
func (s *Stack) record() {
	s.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r := &recording{began: time.Now(), file: filepath.Join(s.t.TempDir(), "monitor"), stop: stop, ended: make(chan error, 1)}
	go func() { r.ended <- checker.Record(ctx, s.Server.Addr, r.file) }()
	s.recording = r
	s.t.Cleanup(func() {
		stop()
		if !r.verified && !s.t.Failed() && !s.t.Skipped() {
			s.t.Error("the oracle was not run: call Verify when nothing is pending")
		}
	})
	s.Eventually("the recording to begin", func() error {
		info, err := os.Stat(r.file)
		if err != nil {
			return err
		}
		return want(info.Size() > 0, "nothing is recorded yet")
	})
}

// Verify runs the oracle on the finished run; options describe injected faults and other inputs. It ends the recording, so it
// is the last action on a Stack.
func (s *Stack) Verify(options ...func(*checker.Input)) {
	s.t.Helper()
	began := time.Now()
	report := s.Report(options...)
	s.t.Logf("verified in %v: %v", time.Since(began).Round(time.Millisecond), report)
	if report.Failed() {
		s.t.Error("the oracle found a broken rule")
	}
	used.add(report.Used)
}

// Report is Verify without failing the test on a broken rule.
func (s *Stack) Report(options ...func(*checker.Input)) checker.Report {
	s.t.Helper()
	s.recording.verified = true
	s.recording.stop()
	if err := <-s.recording.ended; err != nil {
		s.t.Fatalf("recording MONITOR: %v", err)
	}
	in := s.oracleInput()
	for _, o := range options {
		o(&in)
	}
	report, err := checker.Check(context.Background(), in) // works in a cleanup, too
	if err != nil {
		s.t.Fatalf("running the oracle: %v", err)
	}
	return report
}

func (s *Stack) oracleInput() checker.Input {
	return checker.Input{
		AuditLog: s.Cluster.AuditLog, From: s.recording.began, Monitor: s.recording.file,
		Redis: &goredis.Options{Addr: s.Server.Addr}, Stream: Stream,
		Namespace: s.Namespace, LeaseNamespace: s.mainNamespace, User: s.User(),
		Granted: granted(), Leftover: s.Pods(),
	}
}

// granted are the permissions as "verb resource".
func granted() []string {
	var out []string
	for resource, verbs := range map[string]string{"pods": podVerbs, "leases": leaseVerbs, "events": eventVerbs + "," + warnVerbs} {
		for verb := range strings.SplitSeq(verbs, ",") {
			out = append(out, verb+" "+resource)
		}
	}
	return out
}

// WithFault declares the faults that were injected into the run.
func WithFault(f checker.Fault) func(*checker.Input) {
	return func(in *checker.Input) { in.Fault = f }
}

// permissionsUsed are the permissions that all Stacks of a package used.
type permissionsUsed struct {
	mu  sync.Mutex
	all []string
}

var used permissionsUsed

func (p *permissionsUsed) add(more []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, more...)
}

// UnusedPermissions returns an error that lists the granted permissions that no verified run used. TestMain calls it last.
func UnusedPermissions() error {
	used.mu.Lock()
	defer used.mu.Unlock()
	unused := slices.DeleteFunc(granted(), func(g string) bool { return slices.Contains(used.all, g) })
	if len(unused) == 0 {
		return nil
	}
	return fmt.Errorf("permissions granted but not used by any test: %s", strings.Join(unused, ", "))
}
