package pods

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s/k8stest"
	"github.com/ottoscaler/ottoscaler/internal/k8s/templates"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func TestGet(t *testing.T) {
	byName := worker.PodRef{Name: testName}
	same := func(*corev1.Pod) {}
	running := func(p *corev1.Pod) {
		p.Status.Phase, p.Spec.NodeName = corev1.PodRunning, "n1"
		p.DeletionTimestamp = new(metav1.NewTime(created))
	}
	unlabelled := func(p *corev1.Pod) { running(p); p.Labels = nil }
	stripped := func(p *corev1.Pod) { running(p); p.Labels, p.Annotations = nil, nil }
	tests := map[string]struct {
		ref    worker.PodRef
		change func(*corev1.Pod)
		want   *worker.Observation // nil: gone
		err    error
	}{
		"there":                   {testRef, same, &worker.Observation{Event: testEvent().EventID, Slot: 1, Attempt: 1, Origin: readEvent(livePod(t))}, nil},
		"another UID":             {worker.PodRef{Name: testName, UID: "uid-0"}, same, nil, nil},
		"by name":                 {byName, same, &worker.Observation{Event: testEvent().EventID, Slot: 1, Attempt: 1, Origin: readEvent(livePod(t))}, nil},
		"by name, unlabelled":     {byName, unlabelled, &worker.Observation{Event: testEvent().EventID, Slot: 1, Attempt: 1, Phase: worker.PhaseRunning, Node: "n1", Deleting: created, Origin: readEvent(livePod(t))}, nil},
		"by name, no annotations": {byName, func(p *corev1.Pod) { p.Annotations = nil }, nil, worker.ErrNameConflict},
		"by name, another's":      {byName, func(p *corev1.Pod) { p.Annotations[keyInstance] = "other" }, nil, worker.ErrNameConflict},
		"unlabelled":              {testRef, unlabelled, &worker.Observation{Event: testEvent().EventID, Slot: 1, Attempt: 1, Phase: worker.PhaseRunning, Node: "n1", Deleting: created, Origin: readEvent(livePod(t))}, nil},
		"nothing left on it":      {testRef, stripped, &worker.Observation{Phase: worker.PhaseRunning, Node: "n1", Deleting: created}, nil},
		"says it is another's": {testRef, func(p *corev1.Pod) {
			stripped(p)
			p.Annotations = map[string]string{keyEventID: "7-7", keyIndex: "1", keyAttempt: "1"}
		}, &worker.Observation{Phase: worker.PhaseRunning, Node: "n1", Deleting: created}, nil},
		"ended, nothing left": {testRef, func(p *corev1.Pod) {
			p.Labels, p.Annotations, p.Status.Phase = nil, nil, corev1.PodSucceeded
			p.Status.ContainerStatuses = []corev1.ContainerStatus{ended("a", 0, "Completed", "", 0)}
		}, &worker.Observation{Phase: worker.PhaseSucceeded, Reason: "Completed", Ran: true, Container: "a", ExitCode: new(0), Finished: finished}, nil},
		"its event is invalid": {testRef, func(p *corev1.Pod) { p.Annotations[annotationEvent] = "{" }, &worker.Observation{Event: testEvent().EventID, Slot: 1, Attempt: 1}, nil},
		"protected":            {testRef, func(p *corev1.Pod) { p.Annotations = map[string]string{templates.ProtectedKey: "true"} }, &worker.Observation{Protected: true}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			pod := livePod(t)
			test.change(pod)
			if test.want != nil {
				test.want.Ref, test.want.Created = testRef, created
			}
			c := newTestClient(t, func(w http.ResponseWriter, _ *http.Request) { k8stest.Answer(w, 200, pod) })
			got, err := c.Get(t.Context(), test.ref)
			if d := cmp.Diff(test.want, got); d != "" || !errors.Is(err, test.err) {
				t.Errorf("error %v:\n%s", err, d)
			}
		})
	}
}

func TestGetWithoutPod(t *testing.T) {
	for name, test := range map[string]struct {
		code  int
		reply any
		fails bool
	}{
		"gone":              {404, k8stest.Status(404, metav1.StatusReasonNotFound, "not found"), false},
		"a proxy's 404":     {404, "no such page", true},
		"the server is out": {503, k8stest.Status(503, metav1.StatusReasonServiceUnavailable, "out"), true},
		"not allowed":       {403, k8stest.Status(403, metav1.StatusReasonForbidden, "no"), true},
	} {
		t.Run(name, func(t *testing.T) {
			c := newTestClient(t, func(w http.ResponseWriter, _ *http.Request) { k8stest.Answer(w, test.code, test.reply) })
			if o, err := c.Get(t.Context(), testRef); o != nil || (err != nil) != test.fails {
				t.Errorf("got %v, %v", o, err)
			}
		})
	}
}

func TestReadEvent(t *testing.T) {
	note := func(text string) *corev1.Pod {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{annotationEvent: text}}}
	}
	valid := `{"EventID":"1-0","Type":"scale_up","PodCount":1,"Timestamp":"2026-01-02T03:04:05Z","Metadata":{}`
	if got := readEvent(note(valid + "}")); got == nil || got.EventID != (event.ID{Ms: 1}) || got.PodCount != 1 {
		t.Fatalf("got %+v", got)
	}
	for name, text := range map[string]string{
		"none":             "",
		"null":             "null",
		"no object":        `"x"`,
		"cut off":          valid,
		"unknown field":    valid + `,"Command":"evil"}`,
		"field twice":      valid + `,"PodCount":2}`,
		"other case":       strings.Replace(valid, "PodCount", "podcount", 1) + "}",
		"ID with a zero":   strings.Replace(valid, "1-0", "01-0", 1) + "}",
		"something behind": valid + `}{}`,
		"deep":             strings.Repeat("[", maxEventAnnotation),
		"too large":        valid + "}" + strings.Repeat(" ", maxEventAnnotation),
	} {
		if got := readEvent(note(text)); got != nil {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	if got := readEvent(&corev1.Pod{}); got != nil {
		t.Errorf("no annotations: got %+v", got)
	}
}

// The largest event there can be, each byte of it written as six, still fits.
func TestReadEventOfTheLargestEvent(t *testing.T) {
	fields := map[string]string{
		"type": "scale_up", "pod_count": "1000", "task_id": strings.Repeat("<", 128), "idempotency_key": strings.Repeat("<", 128),
		"traceparent": "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-" + strings.Repeat("<", 456),
		"tracestate":  strings.Repeat("<", 512),
		"baggage":     "a=" + strings.Repeat("<", 8190),
	}
	for i := range 7 {
		fields[string(rune('a'+i))] = strings.Repeat("\x01", 1<<10)
	}
	fields["z"] = strings.Repeat("\x01", 1<<10-8)
	e, rejection := event.Decode(testEvent().EventID, fields, event.Rules{MaxPods: 1000, Deadlines: map[string]time.Duration{"": 0}})
	if rejection != nil {
		t.Fatal(rejection.Reason)
	}
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{annotationEvent: string(text)}}}
	if d := cmp.Diff(&e, readEvent(pod)); d != "" {
		t.Errorf("of %d bytes:\n%s", len(text), d)
	}
}
