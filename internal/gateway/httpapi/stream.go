package httpapi

import (
	"context"
	"errors"
	"net/http"
	"os"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/gateway/hub"
)

const (
	heartbeatInterval = 15 * time.Second
	streamPage        = 200             // entries in one write
	reviewPatience    = 3 * time.Second // for who looks on to be asked again; not known: it goes on
)

// viewer is one client of the event stream.
type viewer struct {
	server *Server
	who    *Principal
	token  string
	filter streamFilter
	out    *eventWriter
	last   event.ID // the last entry that was sent, or passed by the filter
	covers snapshotSeqs

	resumes bool // it said which entry it had last
	live    bool // it has caught up with the hub
}

const stopReason = "this gateway stops; connect again"

// errLeft ends a stream without a word: the client is gone, or cannot be reached.
var errLeft = errors.New("the viewer left")

// serveStream follows the status stream. An error is one before the first byte.
func (s *Server) serveStream(w http.ResponseWriter, r *http.Request, who *Principal) error {
	v, snapshot, err := s.newViewer(w, r, who)
	if err != nil {
		return err
	}
	client := clientOf(r, who)
	n, ok := s.viewers.enter(client)
	if !ok {
		return tooMany("too_many_viewers", "Close streams that nobody watches; one stream without a filter shows everything.",
			"%d viewers are connected; at most %d in all and %d of one client", n, maxViewers, maxPerClient)
	}
	s.opts.Observer.Viewers(n)
	defer func() { s.opts.Observer.Viewers(s.viewers.leave(client)) }()
	gap, err := v.locate(r.Context())
	if err != nil {
		return err
	}
	v.run(r.Context(), gap, snapshot)
	return nil
}

// newViewer reads the request.
func (s *Server) newViewer(w http.ResponseWriter, r *http.Request, who *Principal) (v *viewer, snapshot bool, err error) {
	p := query(r, "event_id", "task_id", "queue", "last_event_id", "snapshot")
	v = &viewer{server: s, who: who, out: newEventWriter(w)}
	v.token, _ = bearer(r) // it was valid a moment ago
	v.filter = streamFilter{eventID: p.id("event_id"), taskID: p.task(), queue: p.values.Get("queue")}
	if queue := v.filter.queue; queue != "" && !event.ValidQueue(queue) {
		p.fail(invalidParameter("queue", queue, "the name of a queue"))
	}
	snapshot = p.oneOf("snapshot", "false", "true", "false") == "true"
	v.last, v.resumes = p.id("last_event_id"), p.values.Get("last_event_id") != ""
	if header := r.Header.Get("Last-Event-ID"); header != "" { // newer than the address, which a browser sends again
		id, err := event.ParseID(header)
		if err != nil {
			p.fail(invalidParameter("Last-Event-ID", header, "<milliseconds>-<sequence>"))
		}
		v.last, v.resumes = id, true
	}
	return v, snapshot, p.err
}

// locate finds where the viewer stands, and whether entries after that are lost.
func (v *viewer) locate(ctx context.Context) (gap bool, err error) {
	h := v.server.opts.Hub
	if !h.Started() {
		err := h.Err()
		if err == nil {
			err = errors.New("the gateway has just started")
		}
		return false, coded(http.StatusServiceUnavailable, errcode.StatusReadFailed, err)
	}
	if !v.resumes {
		v.last = h.Last()
		return false, nil
	}
	return v.lost(ctx)
}

// lost reports whether entries after the viewer's last one are in Redis no more.
func (v *viewer) lost(ctx context.Context) (bool, error) {
	if _, _, ok := v.server.opts.Hub.Since(v.last, 0); ok {
		return false, nil
	}
	b, err := v.server.opts.Store.Bounds(ctx)
	if err != nil {
		return false, err
	}
	trimmed := v.last.Compare(b.First) < 0 || b.First.IsZero()
	return v.last.Compare(b.Last) > 0 || trimmed && v.last != b.Last, nil
}

// run serves the viewer until it leaves, cannot keep up, may not look on any more, or the gateway stops.
func (v *viewer) run(ctx context.Context, gap, snapshot bool) {
	err := v.out.begin(v.last)
	if err == nil && (gap || snapshot) {
		err = v.sendSnapshot(ctx, gap)
	}
	heartbeat := time.NewTicker(heartbeatInterval)
	defer heartbeat.Stop()
	for err == nil {
		err = v.step(ctx, heartbeat.C)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		v.server.opts.Observer.Dropped("slow")
	}
}

// step sends what there is, else waits for more. A viewer for whom there is always more is told of the stop all the same, and its rights
// are looked at.
func (v *viewer) step(ctx context.Context, heartbeat <-chan time.Time) error {
	select {
	case <-v.server.stopping:
		return v.goodbye(stopReason)
	case <-ctx.Done():
		return errLeft
	case <-heartbeat:
		return v.beat(ctx)
	default:
	}
	entries, changed, ok := v.server.opts.Hub.Since(v.last, streamPage)
	switch {
	case !ok:
		return v.catchUp(ctx)
	case len(entries) > 0:
		v.live = true
		return v.send(entries)
	}
	v.live = true
	select {
	case <-changed:
		return nil
	case <-heartbeat:
		return v.beat(ctx)
	case <-v.server.stopping:
		return v.goodbye(stopReason)
	case <-ctx.Done():
		return errLeft
	}
}

// beat asks again who looks on, and what they may see.
func (v *viewer) beat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, reviewPatience)
	defer cancel()
	who, err := v.server.opts.Auth.Authenticate(ctx, v.token, Watch)
	p, refused := errors.AsType[*Problem](err)
	switch {
	case err == nil:
		v.who = who
	case refused && (p.Status == http.StatusUnauthorized || p.Status == http.StatusForbidden):
		v.server.opts.Observer.Dropped("revoked")
		return v.goodbye(p.Detail)
	}
	return v.out.heartbeat(v.last)
}

func (v *viewer) goodbye(reason string) error {
	v.out.last("goodbye", reason)
	return errLeft
}

// send writes the entries that the viewer wants and has not seen in a snapshot.
func (v *viewer) send(entries []hub.Entry) error {
	for i := range entries {
		e := &entries[i]
		if v.last = e.ID; v.filter.wants(e) && v.filter.may(v.who, e) && !v.covers.has(e) {
			v.out.entry(e)
		}
	}
	return v.out.flush(writeTimeout)
}

// catchUp reads from Redis what the hub does not have any more. A viewer that was live and fell so far behind is cut off.
func (v *viewer) catchUp(ctx context.Context) error {
	if v.live {
		return v.fellBehind(ctx)
	}
	store := v.server.opts.Store
	page, err := store.After(ctx, v.last, streamPage)
	if err != nil {
		return v.end(err)
	}
	gap, err := v.lost(ctx) // trimmed meanwhile
	switch {
	case err != nil:
		return v.end(err)
	case gap:
		return v.sendSnapshot(ctx, true)
	}
	entries := make([]hub.Entry, 0, len(page))
	for _, s := range page {
		if e, ok := hub.NewEntry(s); ok {
			entries = append(entries, e)
		}
	}
	if len(entries) == 0 { // another replica was quicker than this one's hub
		return v.await(ctx)
	}
	return v.send(entries)
}

// await waits for the hub to read on.
func (v *viewer) await(ctx context.Context) error {
	_, changed, _ := v.server.opts.Hub.Since(v.last, 0)
	patience := time.NewTimer(heartbeatInterval)
	defer patience.Stop()
	select {
	case <-changed:
		return nil
	case <-patience.C:
		return v.out.heartbeat(v.last)
	case <-v.server.stopping:
		return v.goodbye(stopReason)
	case <-ctx.Done():
		return errLeft
	}
}

// fellBehind is about a viewer that followed the hub: the stream is another one by now, or it was too slow.
func (v *viewer) fellBehind(ctx context.Context) error {
	gap, err := v.lost(ctx)
	switch {
	case err != nil:
		return v.end(err)
	case gap:
		return v.sendSnapshot(ctx, true)
	}
	v.server.opts.Observer.Dropped("overrun")
	v.out.last("overrun", "you read more slowly than events come; connect again, perhaps with a filter")
	return errLeft
}

// end says that the stream cannot go on here. The client connects again and resumes.
func (v *viewer) end(err error) error {
	return v.goodbye(asProblem(err).Title)
}
