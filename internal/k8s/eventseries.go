package k8s

import (
	"crypto/rand"
	"math"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ottoscaler/ottoscaler/internal/kubeevents"
)

// What events.k8s.io takes, in bytes.
const (
	maxNote  = 1 << 10
	maxField = 128 // reason, action, reportingInstance
	maxThen  = 512 // of a note: what to do is always said
)

// series is what happened again and again, and one Event.
type series struct {
	event   eventsv1.Event // as it is made; nobody may change its note afterwards
	count   int32          // how often it happened
	last    time.Time
	written int32     // the count that stands in the Event; 0: it is not made
	tried   time.Time // the last request
	next    eventWrite
}

// eventWrite is one request: an Event to be made, or another count of one that was.
type eventWrite struct {
	event eventsv1.Event
	count int32
	last  metav1.MicroTime
	made  bool
}

func (r *Recorder) newSeries(n kubeevents.Notice, now time.Time) *series {
	s := &series{event: eventsv1.Event{
		ObjectMeta:          metav1.ObjectMeta{Namespace: r.Namespace},
		EventTime:           r.stamp(now),
		ReportingController: managedBy,
		ReportingInstance:   line(r.Identity, maxField),
		Action:              n.Action,
		Reason:              n.Reason,
		Regarding:           r.regarding(),
		Note:                note(n),
		Type:                corev1.EventTypeWarning,
	}}
	s.name()
	return s
}

func (r *Recorder) regarding() corev1.ObjectReference {
	if r.Deployment != "" {
		return corev1.ObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Namespace: r.Namespace, Name: r.Deployment}
	}
	return corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: r.Namespace, Name: r.Pod}
}

// note cuts what others wrote, never what to do.
func note(n kubeevents.Notice) string {
	then := line(n.Fix, maxThen)
	return line(n.What, maxNote-len(then)-len(". ")) + ". " + then
}

// name gives it one that no other has.
func (s *series) name() {
	about := s.event.Regarding.Name
	s.event.Name = strings.TrimRight(about[:min(len(about), 200)], ".-") + "." + strings.ToLower(rand.Text()[:13])
}

func (s *series) happened(now time.Time) {
	if s.last = now; s.count < math.MaxInt32 {
		s.count++
	}
}

// over: it has been quiet for so long that what comes now is another story.
func (s *series) over(now time.Time) bool { return now.Sub(s.last) > quietAfter }

// prepare makes the next request; the series may go on meanwhile.
func (s *series) prepare(now time.Time, last metav1.MicroTime) {
	s.tried = now
	s.next = eventWrite{event: s.event, count: s.count, last: last, made: s.written > 0}
	if s.count > 1 {
		s.next.event.Series = s.next.series()
	}
}

func (t *eventWrite) series() *eventsv1.EventSeries {
	return &eventsv1.EventSeries{Count: t.count, LastObservedTime: t.last}
}

// renew begins another Event for what has not been told.
func (s *series) renew(at metav1.MicroTime) {
	s.count -= s.written
	s.written, s.tried = 0, time.Time{}
	s.event.EventTime = at
	s.name()
}
