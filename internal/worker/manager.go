package worker

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker/queue"
)

// lookupExecutors is how many checks and finds are in flight at most.
const lookupExecutors = 8

// Manager runs the core for one term: it moves inputs in and effects out and decides nothing itself. A new term
// has a new Manager, which knows only what the records and the cluster show.
type Manager struct {
	source    Source
	journal   Journal
	cluster   Cluster
	controls  Controls
	log       *slog.Logger
	state     *state
	carryover Carryover // of the term before
	loaded    bool      // the records are read
	began     time.Time

	group        sync.WaitGroup // every goroutine of the term
	entries      chan []Entry
	observations *observationBuffer
	replies      chan input
	creates      chan create
	removes      chan remove
	lookups      chan effect // checks and finds
	failed       chan error  // the first error that ends the term
	snapshots    chan chan<- Snapshot
	reloads      chan Reload

	creators       int       // create executors that run
	pendingLookups []effect  // checks and finds that no executor has taken yet
	batch          []Write   // for the next batch
	urgent         bool      // a create or a delete waits for a write of it
	committing     bool      // one is in flight
	lastCommit     time.Time // its beginning
	paused         bool      // intake is
}

// Ports are what a Manager works with.
type Ports struct {
	Source   Source
	Journal  Journal
	Cluster  Cluster
	Controls Controls
}

// Reload is what the operator's files say now.
type Reload struct {
	Policy    *queue.Policy
	Rules     event.Rules
	Templates []string // whose contents have changed, sorted
}

// NewManager starts nothing. The carryover is that of the term right before in the same process, with no other leader since.
func NewManager(p Ports, set Settings, r Carryover, log *slog.Logger) *Manager {
	return &Manager{
		source: p.Source, journal: p.Journal, cluster: p.Cluster, controls: p.Controls, log: log, state: newState(set), carryover: r,
		began:        time.Now(),
		entries:      make(chan []Entry),
		observations: newObservationBuffer(),
		// As large as the number of executors, so that hardly any reply waits for the loop.
		replies:   make(chan input, set.CreateConcurrency+set.DeleteConcurrency+lookupExecutors+1),
		creates:   make(chan create, set.CreateConcurrency),
		removes:   make(chan remove, set.DeleteConcurrency),
		lookups:   make(chan effect),
		failed:    make(chan error, 1),
		snapshots: make(chan chan<- Snapshot),
		reloads:   make(chan Reload),
	}
}

// Run acts until take is done, then finishes what is in flight and returns nil. When work is done it gives up at
// once. An error of the journal or the watch ends the term: what was written is not known then, and the next
// one reads it. It returns when all its goroutines have.
func (m *Manager) Run(take, work context.Context) error {
	ctx, cancel := context.WithCancel(work)
	defer m.group.Wait()
	defer cancel()

	// Records first, then the Pods, then the stream: each needs the one before.
	if err := m.load(ctx); err != nil {
		return err
	}
	m.group.Go(func() {
		if err := m.cluster.Watch(ctx, m.observations.put); err != nil && ctx.Err() == nil {
			m.fail(fmt.Errorf("watch Pods: %w", err))
		}
	})
	applied := m.state.controls.applied
	m.group.Go(func() { m.controlReader(ctx, applied) })
	for range m.state.DeleteConcurrency {
		m.group.Go(func() { m.deleteExecutor(ctx) })
	}
	for range lookupExecutors {
		m.group.Go(func() { m.lookupExecutor(ctx) })
	}
	return m.loop(ctx, take)
}

// reply hands the answer to an effect to the loop, unless the term has ended.
func (m *Manager) reply(ctx context.Context, in input) {
	select {
	case m.replies <- in:
	case <-ctx.Done():
	}
}

// fail ends the term; of several errors the first counts.
func (m *Manager) fail(err error) {
	select {
	case m.failed <- err:
	default:
	}
}

// Carryover is what is known of the open events, once Run has returned.
func (m *Manager) Carryover() Carryover {
	if !m.loaded {
		return m.carryover
	}
	return m.state.carryover()
}

// Snapshot returns the state of the term; not ok when it does not answer before ctx ends: it may be over, or still loading.
func (m *Manager) Snapshot(ctx context.Context) (snap Snapshot, ok bool) {
	reply := make(chan Snapshot, 1)
	select {
	case m.snapshots <- reply:
		return <-reply, true
	case <-ctx.Done():
		return Snapshot{}, false
	}
}

// Reload hands over what the operator's files say now; it returns when the term has taken it, or ctx ends.
func (m *Manager) Reload(ctx context.Context, r Reload) {
	select {
	case m.reloads <- r:
	case <-ctx.Done():
	}
}

// now is the core's clock: the API server's, as far as it was known when the term began, and from then on it only runs
// forward, whatever happens to the machine's.
func (m *Manager) now() time.Time {
	return m.began.Add(m.state.Skew).Round(0).Add(time.Since(m.began))
}

// loop feeds the core one input at a time.
func (m *Manager) loop(ctx, take context.Context) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	beat := time.NewTicker(termCheckInterval)
	defer beat.Stop()
	taking, reading := take.Done(), false
	for !m.state.stopping || !m.state.idle() {
		if m.state.listed && !reading && !m.state.stopping {
			reading = true
			m.group.Go(func() { m.reader(ctx, take) })
		}
		m.arm(timer)
		var in input
		asks, ask := m.nextLookup()
		select {
		case asks <- ask:
			m.pendingLookups = m.pendingLookups[1:]
			continue
		case <-beat.C:
			m.checkTerm(ctx)
			continue
		case reply := <-m.snapshots:
			reply <- m.state.snapshot()
			continue
		case r := <-m.reloads:
			in = reloaded{policy: r.Policy, rules: r.Rules, templates: r.Templates}
		case batch := <-m.intake():
			in = entries{batch}
		case <-m.observations.wake:
			in = m.observations.take()
		case in = <-m.replies:
		case <-timer.C:
			in = tick{}
		case <-taking:
			taking, in = nil, stop{}
		case err := <-m.failed:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if w, ok := in.(written); ok {
			m.committing = false
			if w.n == 0 { // the reply to checkTerm
				m.commit(ctx)
				continue
			}
		}
		m.dispatch(ctx, m.state.step(m.now(), in))
	}
	return nil
}

// intake is the reader's channel; nil while intake is paused.
func (m *Manager) intake() <-chan []Entry {
	full := m.state.full()
	if full != m.paused {
		m.paused = full
		if full {
			errcode.Warn(m.log, errcode.IntakePaused, "max_waiting_events", m.state.MaxWaiting)
		} else {
			m.log.Info("intake resumed")
		}
	}
	if full {
		return nil
	}
	return m.entries
}

// nextLookup is the next check or find and the channel it goes to; no channel if there is none.
func (m *Manager) nextLookup() (chan<- effect, effect) {
	if len(m.pendingLookups) == 0 {
		return nil, nil
	}
	return m.lookups, m.pendingLookups[0]
}

// arm wakes the loop when time alone changes what is to be done.
func (m *Manager) arm(timer *time.Timer) {
	wait := time.Hour
	if at := m.state.next(); !at.IsZero() {
		wait = max(0, at.Sub(m.now()))
	}
	if len(m.batch) > 0 && !m.committing {
		wait = min(wait, m.batchDelay())
	}
	timer.Reset(wait)
}

// dispatch hands the effects over. The core keeps to the bounds the channels were made with, so nothing blocks here.
func (m *Manager) dispatch(ctx context.Context, effects []effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case write:
			m.batch = append(m.batch, e.Write)
			m.urgent = m.urgent || isUrgent(e.Write)
		case create:
			m.startCreator(ctx)
			m.creates <- e
		case remove:
			m.removes <- e
		case check, find:
			m.pendingLookups = append(m.pendingLookups, e)
		case logEntry:
			m.log.Log(ctx, e.level, e.message, e.attrs...) //nolint:sloglint // the core's messages are constants there
		}
	}
	m.commit(ctx)
}
