package recorder

import (
	"crypto/rand"
	"math"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/kubeevents"
	"github.com/ottoscaler/ottoscaler/internal/text"
)

// The limits of events.k8s.io, in bytes.
const (
	maxNote  = 1 << 10
	maxField = 128 // reason, action, reportingInstance
	maxFix   = 512 // of a note: the fix is always in it
)

// series is equal notices and their one Event.
type series struct {
	event   eventsv1.Event // as it is created; its note cannot be changed afterwards
	count   int32          // of notices
	last    time.Time
	written int32     // the count in the Event; 0: it is not created
	tried   time.Time // the last request
	next    eventWrite
}

// eventWrite is one request: an Event to create, or another count of one that was created.
type eventWrite struct {
	event   eventsv1.Event
	count   int32
	last    metav1.MicroTime
	created bool
}

func (r *Recorder) newSeries(n kubeevents.Notice, now time.Time) *series {
	s := &series{event: eventsv1.Event{
		ObjectMeta:          metav1.ObjectMeta{Namespace: r.Namespace},
		EventTime:           r.timestamp(now),
		ReportingController: k8s.ManagedBy,
		ReportingInstance:   text.Line(r.Identity, maxField),
		Action:              n.Action,
		Reason:              n.Reason,
		Regarding:           r.regarding(),
		Note:                note(n),
		Type:                eventType(n),
	}}
	s.rename()
	return s
}

func (r *Recorder) regarding() corev1.ObjectReference {
	if r.Deployment != "" {
		return corev1.ObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Namespace: r.Namespace, Name: r.Deployment}
	}
	return corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: r.Namespace, Name: r.Pod}
}

func eventType(n kubeevents.Notice) string {
	if n.Normal {
		return corev1.EventTypeNormal
	}
	return corev1.EventTypeWarning
}

// note cuts what others wrote, never the fix.
func note(n kubeevents.Notice) string {
	if n.Fix == "" {
		return text.Line(n.Message, maxNote)
	}
	fix := text.Line(n.Fix, maxFix)
	return text.Line(n.Message, maxNote-len(fix)-len(". ")) + ". " + fix
}

// rename gives the Event a name that no other has.
func (s *series) rename() {
	about := s.event.Regarding.Name
	s.event.Name = strings.TrimRight(about[:min(len(about), 200)], ".-") + "." + strings.ToLower(rand.Text()[:13])
}

func (s *series) add(now time.Time) {
	if s.last = now; s.count < math.MaxInt32 {
		s.count++
	}
}

func (s *series) expired(now time.Time) bool { return now.Sub(s.last) > seriesExpiry }

// prepare makes the next request; notices may be added meanwhile.
func (s *series) prepare(now time.Time, last metav1.MicroTime) {
	s.tried = now
	s.next = eventWrite{event: s.event, count: s.count, last: last, created: s.written > 0}
	if s.count > 1 {
		s.next.event.Series = s.next.series()
	}
}

func (w *eventWrite) series() *eventsv1.EventSeries {
	return &eventsv1.EventSeries{Count: w.count, LastObservedTime: w.last}
}

// restart begins another Event for the notices that are not written.
func (s *series) restart(at metav1.MicroTime) {
	s.count -= s.written
	s.written, s.tried = 0, time.Time{}
	s.event.EventTime = at
	s.rename()
}
