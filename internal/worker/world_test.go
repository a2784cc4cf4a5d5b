package worker

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// world is a model of everything around the core: the stream, the records, the cluster and the wire between them. It
// is driven single-threaded, so that every order of replies, losses and crashes can be chosen, and it checks the
// invariants as a watcher from outside would see them.
type world struct {
	fatal func(format string, args ...any)
	set   Settings
	now   time.Time
	core  *state

	// Redis
	entries []Entry // the stream, in order
	read    int     // how many of them were delivered
	pending map[ID]bool
	records map[ID]*Record
	mark    ID
	keys    map[string]holding
	dead    map[ID]string // reason codes
	dups    map[ID]ID
	said    map[string]int // outcomes on the status stream, by worker
	closed  map[ID]Counts

	// Kubernetes
	pods    map[string]*modelPod
	posted  map[string]int // Pods ever created, by name
	uids    int
	watched []Observation // on their way to us
	foreign map[string]bool

	// in flight
	writes  []Write
	creates []create
	removes []remove
	asks    []effect
	replies []input

	ahead []Entry // a batch that was read and not handed over yet
	terms int
}

type modelPod struct {
	obs  Observation
	spec PodSpec
}

func newWorld(set Settings, fatal func(string, ...any)) *world {
	w := &world{
		fatal: fatal, set: set, now: time.Unix(1_756_659_802, 0).UTC(),
		pending: map[ID]bool{}, records: map[ID]*Record{}, keys: map[string]holding{}, dead: map[ID]string{},
		dups: map[ID]ID{}, said: map[string]int{}, closed: map[ID]Counts{}, pods: map[string]*modelPod{},
		posted: map[string]int{}, foreign: map[string]bool{},
	}
	w.begin()
	return w
}

// begin starts a term from what outlives a process.
func (w *world) begin() {
	w.terms++
	w.core = newState(w.set)
	w.writes, w.creates, w.removes, w.asks, w.replies, w.watched, w.ahead = nil, nil, nil, nil, nil, nil, nil
	in := loaded{mark: w.mark}
	for _, r := range w.sortedRecords() {
		if !r.Closed {
			in.records = append(in.records, w.copyOf(r))
		}
	}
	w.feed(in)
	w.list()
	w.deliverPending()
}

// crash is a kill -9: what is on the wire may or may not arrive.
func (w *world) crash(arrive int) {
	for _, c := range w.creates[:min(arrive, len(w.creates))] {
		_, _ = w.post(c.PodSpec)
	}
	w.begin()
}

func (w *world) sortedRecords() []*Record {
	var out []*Record
	for _, r := range w.records {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b *Record) int { return a.Event.EventID.Compare(b.Event.EventID) })
	return out
}

func (w *world) copyOf(r *Record) Record {
	c := *r
	c.Slots = slices.Clone(r.Slots)
	return c
}

func (w *world) feed(in input) {
	for _, e := range w.core.step(w.now, in) {
		switch e := e.(type) {
		case write:
			w.writes = append(w.writes, e.Write)
		case create:
			w.creates = append(w.creates, e)
			w.checkCreate(e.PodSpec)
		case remove:
			w.removes = append(w.removes, e)
			w.checkRemove(e.PodRef)
		case check, find:
			w.asks = append(w.asks, e)
		}
	}
	if n := len(w.creates); n > w.set.CreateConcurrency {
		w.fatal("%d POSTs in flight: at most %d", n, w.set.CreateConcurrency)
	}
	if w.core.live > w.set.MaxWorkers && w.terms == 1 {
		w.fatal("%d workers live: at most %d", w.core.live, w.set.MaxWorkers)
	}
}

// handOver gives the core what was read ahead.
func (w *world) handOver() {
	if batch := w.ahead; len(batch) > 0 {
		w.ahead = nil
		w.feed(entries{batch})
	}
}

// deliverPending is the reader's first read: what was delivered before and is not acknowledged.
func (w *world) deliverPending() {
	w.readPending()
	w.handOver()
}

func (w *world) readPending() {
	w.handOver()
	for _, e := range w.entries[:w.read] {
		if w.pending[e.ID] {
			e.Redelivered = true
			w.ahead = append(w.ahead, w.lookup(e))
		}
	}
}

func (w *world) lookup(e Entry) Entry {
	if h, ok := w.keys[e.Fields["idempotency_key"]]; ok && e.Fields["idempotency_key"] != "" {
		e.Holder, e.HolderHash = h.by, h.hash
	}
	return e
}

func (w *world) deliverNew(n int) {
	w.readNew(n)
	w.handOver()
}

func (w *world) readNew(n int) {
	w.handOver()
	for ; n > 0 && w.read < len(w.entries); n-- {
		e := w.entries[w.read]
		w.read++
		w.pending[e.ID] = true
		w.ahead = append(w.ahead, w.lookup(e))
	}
}

// commit applies the n oldest writes in one MULTI; the reply may be lost, which ends the term.
func (w *world) commit(n int, replyLost bool) {
	n = min(n, len(w.writes))
	if n == 0 {
		return
	}
	batch := w.writes[:n]
	w.writes = w.writes[n:]
	for _, x := range batch {
		w.apply(x)
	}
	if replyLost {
		w.begin()
		return
	}
	w.feed(written{n})
}

func (w *world) apply(x Write) {
	switch x := x.(type) {
	case Accept:
		id := x.Event.EventID
		if w.records[id] != nil {
			w.fatal("event %s is accepted twice", id)
		}
		w.records[id] = &Record{Event: x.Event, Slots: make([]SlotRecord, x.Event.PodCount)}
		w.raise(id)
		if k := x.Event.IdempotencyKey; k != "" {
			if h, taken := w.keys[k]; taken {
				w.fatal("key %q of %s is given to %s", k, h.by, id)
			}
			w.keys[k] = holding{id, x.Hash}
		}
	case Duplicate:
		if _, again := w.dups[x.ID]; again {
			w.fatal("entry %s is a duplicate twice", x.ID)
		}
		w.dups[x.ID] = x.Of
		w.ack(x.ID)
		w.raise(x.ID)
	case Reject:
		if w.dead[x.ID] != "" {
			w.fatal("entry %s has two dead letters", x.ID)
		}
		w.dead[x.ID] = x.Code
		w.ack(x.ID)
		w.raise(x.ID)
	case Progress:
		w.setSlot(x.Report)
	case Outcome:
		key := fmt.Sprint(x.ID, x.Slot)
		if w.said[key]++; w.said[key] > 1 {
			w.fatal("worker %s has two outcomes", x.Worker)
		}
		w.setSlot(x.Report)
	case Settle:
		for i, sl := range w.records[x.ID].Slots {
			if sl.Attempt == 0 {
				w.fatal("event %s settles although slot %d has no mark", x.ID, i+1)
			}
		}
		w.records[x.ID].Settled = true
		w.ack(x.ID)
	case Close:
		if x.Counts.total() != len(w.records[x.ID].Slots) || !w.records[x.ID].Settled {
			w.fatal("event %s closes with %+v, settled %v", x.ID, x.Counts, w.records[x.ID].Settled)
		}
		w.records[x.ID].Closed = true
		w.closed[x.ID] = x.Counts
	case Ack:
		w.ack(x.ID)
	default:
		w.fatal("unknown write %T", x)
	}
}

func (w *world) setSlot(r Report) {
	rec := w.records[r.ID]
	if rec == nil || rec.Closed {
		w.fatal("%s is written into no open record", r.Worker)
	}
	if old := rec.Slots[r.Slot-1]; old.State.IsOutcome() {
		w.fatal("%s is %s after its outcome %s", r.Worker, r.State, old.State)
	}
	rec.Slots[r.Slot-1] = SlotRecord{Attempt: r.Attempt, State: r.State, UID: r.UID, Node: r.Node, Reason: r.Reason, At: r.At}
}

func (w *world) ack(id ID) { delete(w.pending, id) }

func (w *world) raise(id ID) {
	if id.Compare(w.mark) > 0 {
		w.mark = id
	}
}

// checkCreate: create only what is accepted and has no outcome.
func (w *world) checkCreate(p PodSpec) {
	rec := w.records[p.Event.EventID]
	switch {
	case rec == nil:
		w.fatal("%s is created before its event is recorded", p.Name)
	case rec.Closed || rec.Slots[p.Slot-1].State.IsOutcome():
		w.fatal("%s is created although its worker has an outcome", p.Name)
	case p.Attempt > 1 && rec.Slots[p.Slot-1].State != StateRetrying && rec.Slots[p.Slot-1].Attempt != p.Attempt:
		w.fatal("%s is created although attempt %d is not over", p.Name, p.Attempt-1)
	}
}

// checkRemove: record before delete.
func (w *world) checkRemove(ref PodRef) {
	p := w.pods[ref.Name]
	if ref.UID == "" {
		w.fatal("%s is deleted without its UID", ref.Name)
	}
	if p == nil || p.obs.Ref != ref {
		return
	}
	rec := w.records[p.obs.Event]
	if rec == nil && (w.mark.Compare(p.obs.Event) < 0 || !p.obs.Phase.Ended()) {
		w.fatal("%s is deleted and nothing is known of it", ref.Name)
	}
	if rec == nil || rec.Closed {
		return
	}
	sl := rec.Slots[p.obs.Slot-1]
	if !sl.State.IsOutcome() && sl.Attempt <= p.obs.Attempt && sl.State != StateRetrying {
		w.fatal("%s is deleted before its end is recorded (%s)", ref.Name, sl.State)
	}
}

// post is the API server.
func (w *world) post(p PodSpec) (string, error) {
	if w.foreign[p.Name] {
		return "", ErrForeign
	}
	if old := w.pods[p.Name]; old != nil {
		return old.obs.Ref.UID, ErrExists
	}
	w.uids++
	uid := fmt.Sprint("uid-", w.uids)
	if w.posted[p.Name]++; w.posted[p.Name] > 1 {
		w.fatal("%s is created a second time", p.Name)
	}
	w.pods[p.Name] = &modelPod{spec: p, obs: Observation{
		Ref: PodRef{p.Name, uid}, Event: p.Event.EventID, Slot: p.Slot, Attempt: p.Attempt, Created: w.now,
	}}
	w.tell(p.Name)
	if n := w.livePods(); n > w.set.MaxWorkers {
		w.fatal("%d Pods live: at most %d", n, w.set.MaxWorkers)
	}
	return uid, nil
}

// livePods counts what takes room, as a watcher of the cluster would. A Pod that is stuck is left aside: its worker may
// have its outcome, and the Pod be on its way out.
func (w *world) livePods() int {
	n := 0
	for _, p := range w.pods {
		stuck := p.obs.Waiting != WaitingNone || w.now.Sub(p.obs.Created) >= w.set.PendingTimeout
		if !p.obs.Phase.Ended() && !stuck {
			n++
		}
	}
	return n
}

func (w *world) tell(name string) { w.watched = append(w.watched, w.pods[name].obs) }

func (w *world) vanish(name string) {
	p := w.pods[name]
	p.obs.Gone = true
	w.watched = append(w.watched, p.obs)
	delete(w.pods, name)
}

// deliverWatch hands the n oldest watch events over.
func (w *world) deliverWatch(n int) {
	n = min(n, len(w.watched))
	if n > 0 {
		batch := slices.Clone(w.watched[:n])
		w.watched = w.watched[n:]
		w.feed(observed{batch, false})
	}
}

// list is a relist: what the watch had not brought yet is in it.
func (w *world) list() {
	w.watched = nil
	var batch []Observation
	for _, name := range w.podNames() {
		batch = append(batch, w.pods[name].obs)
	}
	w.feed(observed{batch, true})
}

func (w *world) podNames() []string {
	var names []string
	for n := range w.pods {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// serve carries out the i-th POST in flight with the given fate and queues the reply.
func (w *world) serveCreate(i int, fate string) {
	c := w.creates[i]
	w.creates = slices.Delete(w.creates, i, i+1)
	r := created{create: c}
	switch fate {
	case "busy":
		r.err = ErrBusy
	case "denied":
		r.err = ErrDenied
	case "refused":
		r.err = ErrRefused
	case "lost": // never arrived
		r.err = ErrUnknown
	case "reply lost":
		_, _ = w.post(c.PodSpec)
		r.err = ErrUnknown
	default:
		r.uid, r.err = w.post(c.PodSpec)
	}
	w.replies = append(w.replies, r)
}

func (w *world) serveRemove(i int, fail bool) {
	c := w.removes[i]
	w.removes = slices.Delete(w.removes, i, i+1)
	r := removed{remove: c}
	switch p := w.pods[c.Name]; {
	case fail:
		r.err = errors.New("no answer")
	case p == nil || p.obs.Ref != c.PodRef:
		r.err = ErrGone
	default:
		w.vanish(c.Name)
	}
	w.replies = append(w.replies, r)
}

func (w *world) serveAsk(i int, fail bool) {
	e := w.asks[i]
	w.asks = slices.Delete(w.asks, i, i+1)
	switch e := e.(type) {
	case check:
		p := w.pods[e.Name]
		r := checked{check: e, missing: p == nil || p.obs.Ref != e.PodRef}
		if fail {
			r.missing, r.err = false, errors.New("no answer")
		}
		w.replies = append(w.replies, r)
	case find:
		r := found{find: e}
		if rec := w.records[e.id]; rec != nil {
			c := w.copyOf(rec)
			r.record = &c
		}
		w.replies = append(w.replies, r)
	}
}

func (w *world) reply(i int) {
	r := w.replies[i]
	w.replies = slices.Delete(w.replies, i, i+1)
	w.feed(r)
}

// heal lets everything happen that can, without faults, until nothing is left to do.
func (w *world) heal() {
	for round := 0; ; round++ {
		if round > 5000 {
			w.fatal("it does not come to rest: %d open", w.open())
		}
		w.deliverNew(10)
		w.commit(len(w.writes), false)
		for len(w.creates) > 0 {
			w.serveCreate(0, "")
		}
		for len(w.removes) > 0 {
			w.serveRemove(0, false)
		}
		for len(w.asks) > 0 {
			w.serveAsk(0, false)
		}
		for len(w.replies) > 0 {
			w.reply(0)
		}
		for _, name := range w.podNames() {
			w.advance(name, PhaseSucceeded)
		}
		w.deliverWatch(len(w.watched))
		if w.quiet() {
			if w.open() == 0 && len(w.pods) == 0 && w.read == len(w.entries) && len(w.core.removals) == 0 {
				return
			}
			next := w.core.next()
			if next.IsZero() {
				w.fatal("nothing will happen any more: %d open, %d Pods, %d pending", w.open(), len(w.pods), len(w.pending))
			}
			w.now = later(w.now, next)
			w.feed(tick{})
		}
	}
}

func (w *world) quiet() bool {
	return len(w.writes)+len(w.creates)+len(w.removes)+len(w.asks)+len(w.replies)+len(w.watched) == 0
}

func (w *world) open() int {
	n := 0
	for _, r := range w.records {
		if !r.Closed {
			n++
		}
	}
	return n
}

// advance is the kubelet: the Pod goes on to that phase, if it can.
func (w *world) advance(name string, to Phase) {
	p := w.pods[name]
	if p.obs.Phase.Ended() || to < p.obs.Phase {
		return
	}
	p.obs.Phase, p.obs.Node = to, "node-1"
	if to.Ended() {
		code := 0
		if to == PhaseFailed {
			code = 7
		}
		p.obs.ExitCode, p.obs.Finished = &code, w.now
	}
	w.tell(name)
}

// checkEnd: every entry was dealt with, every worker has its outcome, nothing is left anywhere.
func (w *world) checkEnd() {
	for _, e := range w.entries {
		if w.pending[e.ID] {
			w.fatal("entry %s is still pending", e.ID)
		}
		ways := 0
		if c, ok := w.closed[e.ID]; ok {
			ways++
			if c.total() != w.records[e.ID].Event.PodCount {
				w.fatal("event %s closed with %+v", e.ID, c)
			}
		}
		if w.dead[e.ID] != "" {
			ways++
		}
		if _, ok := w.dups[e.ID]; ok {
			ways++
		}
		if ways != 1 {
			w.fatal("entry %s has %d ends", e.ID, ways)
		}
	}
	if w.core.live != 0 || len(w.core.events) != 0 || len(w.core.removals) != 0 || len(w.core.asked) != 0 {
		w.fatal("the core keeps %d live, %d events, %d removals, %d questions", w.core.live, len(w.core.events),
			len(w.core.removals), len(w.core.asked))
	}
}
