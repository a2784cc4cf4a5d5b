package worker

import "github.com/ottoscaler/ottoscaler/internal/event"

// intake is what is known of entries besides their events: how far the stream was read, which entries were refused, and
// which idempotency keys are taken.
type intake struct {
	lastAcceptedBefore event.ID // the highest ID accepted before this term
	lastAccepted       event.ID // the highest ID accepted, and committed
	lastDecided        event.ID // the highest ID decided on
	replaced           event.ID // the highest ID accepted from another stream of that name
	completeSince      event.ID // every accepted event above it has a record, or had one until it expired

	undecided   []Entry               // read and not decided on yet, in stream order
	waiting     map[event.ID]int      // how often an entry is among them
	refusals    map[event.ID]*refusal // entries whose refusal is not committed, or was since the last batch but one was read
	keys        map[string]keyOwner   // idempotency keys of tracked events
	accepting   map[string]int        // scale_ups whose acceptance is not committed, by queue
	expiring    []expiring            // what refusals and keys may forget once another batch has come
	forgettable int                   // how many of expiring may go once nothing is undecided
}

// refusal is an entry that is rejected, or a duplicate.
type refusal struct{ uncommitted int } // writes about it that are not committed

// keyOwner is the event that owns an idempotency key, and the hash of its content.
type keyOwner struct {
	event event.ID
	hash  string
}

// expiring is a refused entry, or the key of an accepted one, that is forgotten soon. Not at once: a batch that was read
// before the commit may still bring the same entry, or an entry with the same key, and its reader saw nothing in Redis
// yet. The reader hands its batches over one by one, so the batch after the next one was read after the commit.
type expiring struct {
	id  event.ID
	key string
}

func newIntake() intake {
	return intake{
		waiting: make(map[event.ID]int), refusals: make(map[event.ID]*refusal),
		keys: make(map[string]keyOwner), accepting: make(map[string]int),
	}
}

// push adds one batch of the reader.
func (in *intake) push(batch []Entry) {
	if len(in.undecided) == 0 {
		in.forgettable = len(in.expiring)
	}
	in.undecided = append(in.undecided, batch...)
	for i := range batch {
		in.waiting[batch[i].ID]++
	}
}

// pop takes the first entry off: it is decided on.
func (in *intake) pop() *Entry {
	en := &in.undecided[0]
	in.undecided = in.undecided[1:]
	if in.waiting[en.ID]--; in.waiting[en.ID] == 0 {
		delete(in.waiting, en.ID)
	}
	return en
}

// has reports whether an entry is waiting to be decided on.
func (in *intake) has(id event.ID) bool { return in.waiting[id] > 0 }

// refuse remembers an entry with a write about it.
func (in *intake) refuse(id event.ID) {
	if in.refusals[id] == nil {
		in.refusals[id] = &refusal{}
	}
	in.refusals[id].uncommitted++
}

// refusalCommitted handles the commit of a write about a refused entry.
func (in *intake) refusalCommitted(id event.ID) {
	if r := in.refusals[id]; r != nil {
		r.uncommitted--
		in.expiring = append(in.expiring, expiring{id: id})
	}
}

// keyOwnerOf is the other event that owns an entry's key: as far as it is tracked, else as Redis said with the entry.
func (in *intake) keyOwnerOf(en *Entry, key string) (keyOwner, bool) {
	if key == "" {
		return keyOwner{}, false
	}
	if owner, ok := in.keys[key]; ok {
		return owner, owner.event != en.ID
	}
	return keyOwner{en.KeyOwner, en.KeyHash}, !en.KeyOwner.IsZero() && en.KeyOwner != en.ID
}

// forget drops what no batch can bring any more. Called when everything is decided.
func (in *intake) forget() {
	in.undecided = nil
	for _, x := range in.expiring[:in.forgettable] {
		if r := in.refusals[x.id]; r != nil && r.uncommitted == 0 {
			delete(in.refusals, x.id)
		}
		if in.keys[x.key].event == x.id {
			delete(in.keys, x.key)
		}
	}
	in.expiring, in.forgettable = in.expiring[in.forgettable:], 0
}

// accepted handles the commit of an acceptance.
func (in *intake) accepted(ev *event.Event) {
	if ev.Type != event.ScaleUp {
		return
	}
	if in.accepting[ev.Queue]--; in.accepting[ev.Queue] == 0 {
		delete(in.accepting, ev.Queue)
	}
}
