package k8s

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"
	"pgregory.net/rapid"

	"github.com/ottoscaler/ottoscaler/internal/kubeevents"
)

const eventsPath = "/apis/events.k8s.io/v1/namespaces/ci/events"

func recorderOptions() RecorderOptions {
	return RecorderOptions{Namespace: "ci", Deployment: "main", Pod: "main-0", Identity: "main-0", Version: "test", Logger: slog.New(slog.DiscardHandler)}
}

// recorderOf is a Recorder of an API server that is one handler; nobody runs it.
func recorderOf(t *testing.T, o RecorderOptions, handler http.HandlerFunc) *Recorder {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	r, err := NewRecorder(&rest.Config{Host: server.URL}, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { utilnet.CloseIdleConnectionsFor(r.store.(*apiEvents).client.Client.Transport) })
	r.begin()
	return r
}

// TestEventOnTheWire: what is sent for the first of its kind, and for those after it.
func TestEventOnTheWire(t *testing.T) {
	var asked, bodies []string
	var made *eventsv1.Event
	r := recorderOf(t, recorderOptions(), func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		asked, bodies = append(asked, req.Method+" "+req.Header.Get("Content-Type")+" "+req.URL.String()), append(bodies, string(body))
		if req.Method == http.MethodPost {
			object, _, err := serializer.NewCodecFactory(eventScheme()).UniversalDeserializer().Decode(body, nil, nil)
			if err != nil {
				t.Error(err)
				return
			}
			made = object.(*eventsv1.Event)
		}
		answer(w, http.StatusCreated, made)
	})
	n := kubeevents.Notice{Reason: "TemplateParked", Action: "Park", About: "big", What: "template big waits", Fix: "OTTO301: raise the quota"}
	r.Record(n)
	r.pass(t.Context())
	r.Record(n)
	r.all["TemplateParked\x00big"].tried = time.Time{}
	r.pass(t.Context())
	if made == nil || !strings.HasPrefix(made.Name, "main.") {
		t.Fatalf("made: %+v", made)
	}
	name := made.Name
	want := []string{"POST application/vnd.kubernetes.protobuf " + eventsPath, "PATCH application/merge-patch+json " + eventsPath + "/" + name}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	about := corev1.ObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "ci", Name: "main"}
	if made.Regarding != about || made.Namespace != "ci" || made.Series != nil || time.Since(made.EventTime.Time).Abs() > time.Minute {
		t.Errorf("made: %+v", made)
	}
	said := []string{made.Reason, made.Action, made.Type, made.ReportingController, made.ReportingInstance, made.Note}
	if diff := cmp.Diff([]string{"TemplateParked", "Park", "Warning", "ottoscaler", "main-0", "template big waits. OTTO301: raise the quota"}, said); diff != "" {
		t.Errorf("said (-want +got):\n%s", diff)
	}
	var patch struct{ Series eventsv1.EventSeries }
	if err := json.Unmarshal([]byte(bodies[1]), &patch); err != nil || patch.Series.Count != 2 || patch.Series.LastObservedTime.IsZero() {
		t.Errorf("patched with %s: %v", bodies[1], err)
	}
}

// Without a Deployment it is about the Pod.
func TestEventAboutThePod(t *testing.T) {
	o := recorderOptions()
	o.Deployment = ""
	about := (&Recorder{RecorderOptions: o}).regarding()
	if about != (corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: "ci", Name: "main-0"}) {
		t.Errorf("about %+v", about)
	}
}

// Who does not hold the Lease sends nothing, and says nothing of it.
func TestEventsUnderTheLease(t *testing.T) {
	requests, holds := 0, false
	var log strings.Builder
	o := recorderOptions()
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	o.Guard = func() (time.Time, bool) { return time.Now().Add(time.Hour), holds }
	r := recorderOf(t, o, func(w http.ResponseWriter, _ *http.Request) {
		requests++
		answer(w, http.StatusCreated, &eventsv1.Event{})
	})
	r.Record(kubeevents.Notice{Reason: "WorkerLost"})
	r.pass(t.Context())
	if requests != 0 || log.Len() > 0 {
		t.Errorf("%d requests, log: %s", requests, &log)
	}
	holds, r.rest = true, time.Time{}
	r.pass(t.Context())
	if requests != 1 {
		t.Errorf("%d requests under the Lease", requests)
	}
}

// TestNoteIsBounded: whoever wrote what is told, the API server takes it, no terminal obeys it, and what to do is said.
func TestNoteIsBounded(t *testing.T) {
	hostile := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"\x1b[2J", "a\nb", strings.Repeat("한", 5000), strings.Repeat("x", 1<<20), "\xff\xfe", "\u202e", "",
	}))
	rapid.Check(t, func(t *rapid.T) {
		got := note(kubeevents.Notice{What: hostile.Draw(t, "what") + hostile.Draw(t, "more"), Fix: "OTTO301: raise the quota"})
		ugly := func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }
		if len(got) > maxNote || !utf8.ValidString(got) || strings.ContainsFunc(got, ugly) || !strings.HasSuffix(got, "OTTO301: raise the quota") {
			t.Fatalf("%d bytes: %q", len(got), got)
		}
	})
}
