package worker

import (
	"context"
	"fmt"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"log/slog"
	"sync"
	"time"
)

const (
	openPage    = 500 // records read at once at the start of a term
	restorePage = 100 // records written anew in one MULTI: each may have a thousand slots
	askers      = 8   // checks and finds in flight
)

// Manager runs the core for one term: it moves inputs in and effects out and decides nothing itself. A term that
// ended is not taken up again: a new one has a new Manager, which knows only what the records and the cluster say.
type Manager struct {
	source    Source
	journal   Journal
	cluster   Cluster
	log       *slog.Logger
	state     *state
	carryover Carryover // of the term before
	loaded    bool      // this term knows all there is to know
	began     time.Time

	group   sync.WaitGroup // every goroutine of the term
	entries chan []Entry
	sights  *sights
	replies chan input
	creates chan create
	removes chan remove
	asks    chan effect // checks and finds
	failed  chan error  // the first error that ends the term
	looks   chan chan<- Snapshot

	unasked    []effect  // checks and finds that no asker has taken yet
	gathered   []Write   // for the next batch
	waited     bool      // a create or a delete waits for one of them
	committing bool      // one is in flight
	lastCommit time.Time // its beginning
	resting    bool      // reading rests
}

// NewManager starts nothing. The carryover are those of the term right before in the same process: nobody else led since.
func NewManager(src Source, j Journal, c Cluster, set Settings, r Carryover, log *slog.Logger) *Manager {
	return &Manager{
		source: src, journal: j, cluster: c, log: log, state: newState(set), carryover: r, began: time.Now(),
		entries: make(chan []Entry),
		sights:  newSights(),
		// As large as the number of those who reply, so that hardly anybody who has a reply waits for the loop.
		replies: make(chan input, set.CreateConcurrency+set.DeleteConcurrency+askers+1),
		creates: make(chan create, set.CreateConcurrency),
		removes: make(chan remove, set.DeleteConcurrency),
		asks:    make(chan effect),
		failed:  make(chan error, 1),
		looks:   make(chan chan<- Snapshot),
	}
}

// Run acts until take is done, then finishes what is in flight and returns nil. When work is done it gives up at
// once. An error of the journal or the watch ends the term: what was written is not known then, and is read anew in
// the next one. It returns when all its goroutines have.
func (m *Manager) Run(take, work context.Context) error {
	ctx, cancel := context.WithCancel(work)
	defer m.group.Wait()
	defer cancel()

	// Records first, then the Pods, then the stream: each needs the one before.
	if err := m.load(ctx); err != nil {
		return err
	}
	m.group.Go(func() {
		if err := m.cluster.Watch(ctx, m.sights.put); err != nil && ctx.Err() == nil {
			m.fail(fmt.Errorf("watching Pods: %w", err))
		}
	})
	for range m.state.CreateConcurrency {
		m.group.Go(func() { m.creator(ctx) })
	}
	for range m.state.DeleteConcurrency {
		m.group.Go(func() { m.remover(ctx) })
	}
	for range askers {
		m.group.Go(func() { m.asker(ctx) })
	}
	return m.loop(ctx, take)
}

// reply hands the answer to an effect to the loop, unless the term has ended and nobody takes it.
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

// Snapshot says how things stand; not ok when the term does not answer before ctx ends: it may be over, or still load.
func (m *Manager) Snapshot(ctx context.Context) (snap Snapshot, ok bool) {
	look := make(chan Snapshot, 1)
	select {
	case m.looks <- look:
		return <-look, true
	case <-ctx.Done():
		return Snapshot{}, false
	}
}

// now is the core's clock: the API server's, as far as it was known when the term began, and from then on it only runs
// forward, whatever happens to the machine's.
func (m *Manager) now() time.Time {
	return m.began.Add(m.state.Skew).Round(0).Add(time.Since(m.began))
}

// load reads what earlier terms left, the mark and every open record, page by page.
func (m *Manager) load(ctx context.Context) error {
	mark, err := m.begin(ctx)
	if err != nil {
		return err
	}
	events := 0
	for after := (event.ID{}); ; {
		page, err := m.journal.Open(ctx, after, openPage)
		if err != nil {
			return fmt.Errorf("reading the open records: %w", err)
		}
		m.dispatch(ctx, m.state.step(m.now(), loaded{records: page, mark: mark}))
		events += len(page)
		if len(page) < openPage {
			break
		}
		after = page[len(page)-1].Event.EventID
	}
	m.loaded = true
	if events > 0 {
		m.log.Info("open events read", "events", events)
	}
	return nil
}

// begin fences earlier terms off. If Redis was emptied under the last one, its records are written anew.
func (m *Manager) begin(ctx context.Context) (event.ID, error) {
	mark, known, err := m.journal.Begin(ctx)
	if err != nil || known && !m.carryover.unfinished || m.carryover.Mark.IsZero() {
		return mark, err
	}
	m.carryover.unfinished = true
	records := m.carryover.Records
	m.log.Error("Redis was emptied: writing the records of the open events anew", "records", len(records))
	for len(records) > 0 {
		var batch []Write
		for _, rec := range records[:min(len(records), restorePage)] {
			batch = append(batch, Restore{Record: rec, Hash: rec.Event.Hash(), At: m.now()})
		}
		if err := m.journal.Commit(ctx, batch); err != nil {
			return mark, err
		}
		records = records[len(batch):]
	}
	return higher(mark, m.carryover.Mark), nil
}

// loop feeds the core one input at a time.
func (m *Manager) loop(ctx, take context.Context) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	taking, reading := take.Done(), false
	for !m.state.stopping || !m.state.idle() {
		if m.state.listed && !reading && !m.state.stopping {
			reading = true
			m.group.Go(func() { m.reader(ctx, take) })
		}
		m.arm(timer)
		var in input
		asks, ask := m.nextAsk()
		select {
		case asks <- ask:
			m.unasked = m.unasked[1:]
			continue
		case <-beat.C:
			m.beat(ctx)
			continue
		case look := <-m.looks:
			look <- m.state.snapshot()
			continue
		case batch := <-m.readable():
			in = entries{batch}
		case <-m.sights.wake:
			in = m.sights.take()
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
			if w.n == 0 { // a heartbeat's
				m.commit(ctx)
				continue
			}
		}
		m.dispatch(ctx, m.state.step(m.now(), in))
	}
	return nil
}

// readable is the reader's channel, unless so much waits that reading rests.
func (m *Manager) readable() <-chan []Entry {
	full := m.state.full()
	if full != m.resting {
		m.resting = full
		if full {
			m.log.Warn("so many events wait for room that reading rests", "max_waiting_events", m.state.MaxWaiting)
		} else {
			m.log.Info("reading goes on")
		}
	}
	if full {
		return nil
	}
	return m.entries
}

// nextAsk is the next check or find and the channel it goes to; no channel if there is none.
func (m *Manager) nextAsk() (chan<- effect, effect) {
	if len(m.unasked) == 0 {
		return nil, nil
	}
	return m.asks, m.unasked[0]
}

// arm wakes the loop when time alone changes what is to be done.
func (m *Manager) arm(timer *time.Timer) {
	wait := time.Hour
	if at := m.state.next(); !at.IsZero() {
		wait = max(0, at.Sub(m.now()))
	}
	if len(m.gathered) > 0 && !m.committing {
		wait = min(wait, m.gatherFor())
	}
	timer.Reset(wait)
}

// dispatch hands the effects over. The core keeps to the bounds the channels were made with, so nothing blocks here.
func (m *Manager) dispatch(ctx context.Context, effects []effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case write:
			m.gathered = append(m.gathered, e.Write)
			m.waited = m.waited || awaited(e.Write)
		case create:
			m.creates <- e
		case remove:
			m.removes <- e
		case check, find:
			m.unasked = append(m.unasked, e)
		case notice:
			m.log.Log(ctx, e.level, e.text, e.attrs...) //nolint:sloglint // the core's notices are constants there
		}
	}
	m.commit(ctx)
}
