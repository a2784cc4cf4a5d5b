package pods

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/text"
)

const (
	maxWarning  = 512 // bytes
	maxWarnings = 500 // read at once; Kubernetes counts what repeats instead of repeating it

	reasonBackOff = "BackOff"
)

// warning is the newest one of Kubernetes about a Pod: why it has no volume, no network, no container. It is for people: where
// Events cannot be read, it says so instead.
func (c *Client) warning(ctx context.Context, uid string) string {
	o := metav1.ListOptions{
		FieldSelector: fields.Set{"involvedObject.uid": uid, "type": corev1.EventTypeWarning}.String(), Limit: maxWarnings,
	}
	var list corev1.EventList
	request := c.writer.Get().Namespace(c.namespace).Resource("events").VersionedParams(&o, c.params)
	if err := c.writer.Send(ctx, request, &list); err != nil {
		return text.Line("its Kubernetes Events cannot be read: "+k8s.ServerMessage(err), maxWarning)
	}
	newest := newestOf(list.Items)
	if newest == nil {
		return ""
	}
	return text.Line(newest.Reason+": "+newest.Message, maxWarning)
}

// newestOf says that a container is not restarted yet only if there is nothing else: the one before says why.
func newestOf(all []corev1.Event) *corev1.Event {
	var newest *corev1.Event
	for i := range all {
		e := &all[i]
		better := newest == nil || newest.Reason == reasonBackOff && e.Reason != reasonBackOff
		if better || (e.Reason == reasonBackOff) == (newest.Reason == reasonBackOff) && lastSeen(e).After(lastSeen(newest)) {
			newest = e
		}
	}
	return newest
}

// lastSeen is when an Event was last repeated, whichever of the two kinds of Events it is.
func lastSeen(e *corev1.Event) time.Time {
	last := e.LastTimestamp.Time
	for _, t := range []time.Time{e.EventTime.Time, e.FirstTimestamp.Time} {
		if t.After(last) {
			last = t
		}
	}
	if e.Series != nil && e.Series.LastObservedTime.After(last) {
		last = e.Series.LastObservedTime.Time
	}
	return last
}
