package recorder

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"pgregory.net/rapid"

	"github.com/ottoscaler/ottoscaler/internal/k8s/k8stest"
	"github.com/ottoscaler/ottoscaler/internal/kubeevents"
)

const eventsPath = "/apis/events.k8s.io/v1/namespaces/ci/events"

func testOptions() Options {
	return Options{Namespace: "ci", Deployment: "main", Pod: "main-0", Identity: "main-0", Version: "test", Logger: slog.New(slog.DiscardHandler)}
}

// recorderOf is a Recorder of an API server that is one handler; it does not run.
func recorderOf(t *testing.T, o Options, handler http.HandlerFunc) *Recorder {
	t.Helper()
	r, err := New(k8stest.Serve(t, handler), o)
	if err != nil {
		t.Fatal(err)
	}
	r.begin()
	return r
}

// TestEventRequests: what is sent for the first notice, and for equal ones after it.
func TestEventRequests(t *testing.T) {
	var requests, bodies []string
	var created *eventsv1.Event
	r := recorderOf(t, testOptions(), func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		requests, bodies = append(requests, req.Method+" "+req.Header.Get("Content-Type")+" "+req.URL.String()), append(bodies, string(body))
		if req.Method == http.MethodPost {
			object, _, err := serializer.NewCodecFactory(newScheme()).UniversalDeserializer().Decode(body, nil, nil)
			if err != nil {
				t.Error(err)
				return
			}
			created = object.(*eventsv1.Event)
		}
		k8stest.Answer(w, http.StatusCreated, created)
	})
	n := kubeevents.Notice{Reason: "TemplateParked", Action: "Park", Subject: "big", Message: "template big waits", Fix: "OTTO301: raise the quota"}
	r.Record(n)
	r.pass(t.Context())
	r.Record(n)
	r.series["TemplateParked\x00big"].tried = time.Time{}
	r.pass(t.Context())
	if created == nil || !strings.HasPrefix(created.Name, "main.") {
		t.Fatalf("created: %+v", created)
	}
	name := created.Name
	want := []string{"POST application/vnd.kubernetes.protobuf " + eventsPath, "PATCH application/merge-patch+json " + eventsPath + "/" + name}
	if diff := cmp.Diff(want, requests); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	about := corev1.ObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "ci", Name: "main"}
	if created.Regarding != about || created.Namespace != "ci" || created.Series != nil || time.Since(created.EventTime.Time).Abs() > time.Minute {
		t.Errorf("created: %+v", created)
	}
	got := []string{created.Reason, created.Action, created.Type, created.ReportingController, created.ReportingInstance, created.Note}
	if diff := cmp.Diff([]string{"TemplateParked", "Park", "Warning", "ottoscaler", "main-0", "template big waits. OTTO301: raise the quota"}, got); diff != "" {
		t.Errorf("got (-want +got):\n%s", diff)
	}
	var patch struct{ Series eventsv1.EventSeries }
	if err := json.Unmarshal([]byte(bodies[1]), &patch); err != nil || patch.Series.Count != 2 || patch.Series.LastObservedTime.IsZero() {
		t.Errorf("patched with %s: %v", bodies[1], err)
	}
}

// Without a Deployment Events are about the Pod.
func TestEventAboutThePod(t *testing.T) {
	o := testOptions()
	o.Deployment = ""
	about := (&Recorder{Options: o}).regarding()
	if about != (corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: "ci", Name: "main-0"}) {
		t.Errorf("about %+v", about)
	}
}

// Without the Lease nothing is sent, and nothing logged.
func TestEventsUnderTheLease(t *testing.T) {
	requests, holds := 0, false
	var log strings.Builder
	o := testOptions()
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	o.Guard = func() (time.Time, bool) { return time.Now().Add(time.Hour), holds }
	r := recorderOf(t, o, func(w http.ResponseWriter, _ *http.Request) {
		requests++
		k8stest.Answer(w, http.StatusCreated, &eventsv1.Event{})
	})
	r.Record(kubeevents.Notice{Reason: "WorkerLost"})
	r.pass(t.Context())
	if requests != 0 || log.Len() > 0 {
		t.Errorf("%d requests, log: %s", requests, &log)
	}
	holds, r.pausedUntil = true, time.Time{}
	r.pass(t.Context())
	if requests != 1 {
		t.Errorf("%d requests under the Lease", requests)
	}
}

// TestNoteIsBounded: whoever wrote a notice, the API server accepts it, it has no control characters, and the fix is in it.
func TestNoteIsBounded(t *testing.T) {
	hostile := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"\x1b[2J", "a\nb", strings.Repeat("한", 5000), strings.Repeat("x", 1<<20), "\xff\xfe", "\u202e", "",
	}))
	rapid.Check(t, func(t *rapid.T) {
		got := note(kubeevents.Notice{Message: hostile.Draw(t, "what") + hostile.Draw(t, "more"), Fix: "OTTO301: raise the quota"})
		control := func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }
		if len(got) > maxNote || !utf8.ValidString(got) || strings.ContainsFunc(got, control) || !strings.HasSuffix(got, "OTTO301: raise the quota") {
			t.Fatalf("%d bytes: %q", len(got), got)
		}
	})
}

// TestNormal: the end of a failure is no warning, and its note has nothing to fix.
func TestNormal(t *testing.T) {
	r := &Recorder{Options: Options{Namespace: "ci", Deployment: "main"}}
	s := r.newSeries(kubeevents.Notice{Reason: "QueueResumed", Action: "Start", Message: "kim resumed\nqueue web", Normal: true}, time.Now())
	if s.event.Type != "Normal" || s.event.Note != "kim resumed queue web" {
		t.Errorf("got %s: %q", s.event.Type, s.event.Note)
	}
}
