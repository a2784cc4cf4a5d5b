package pods

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s/k8stest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// script answers the requests of a watch one after the other, and records the requests.
type script struct {
	t        *testing.T
	mu       sync.Mutex
	requests []string
	steps    []func(http.ResponseWriter, *http.Request)
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	step := s.next(r)
	if step == nil {
		<-r.Context().Done() // the end of the script: nothing happens any more
		return
	}
	step(w, r)
}

func (s *script) next(r *http.Request) func(http.ResponseWriter, *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	if want := "managed-by=ottoscaler,ottoscaler.io/instance=ottoscaler"; q.Get("labelSelector") != want {
		s.t.Errorf("selected %q", q.Get("labelSelector"))
	}
	verb := "list"
	if q.Get("watch") != "" {
		verb = "watch"
	}
	s.requests = append(s.requests, strings.TrimSpace(fmt.Sprintf("%s %s %s", verb, q.Get("resourceVersion"), q.Get("continue"))))
	if len(s.steps) == 0 {
		return nil
	}
	step := s.steps[0]
	s.steps = s.steps[1:]
	return step
}

func page(version, next string, pods ...*corev1.Pod) func(http.ResponseWriter, *http.Request) {
	list := &corev1.PodList{TypeMeta: metav1.TypeMeta{Kind: "PodList", APIVersion: "v1"}}
	list.ResourceVersion, list.Continue = version, next
	for _, p := range pods {
		list.Items = append(list.Items, *p)
	}
	return func(w http.ResponseWriter, _ *http.Request) { k8stest.Answer(w, 200, list) }
}

type change struct {
	Type   watch.EventType `json:"type"`
	Object any             `json:"object"`
}

func stream(t *testing.T, changes ...change) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for _, c := range changes {
			if err := json.NewEncoder(w).Encode(c); err != nil {
				t.Error(err)
			}
		}
	}
}

func fails(code int, reason metav1.StatusReason) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		k8stest.Answer(w, code, k8stest.Status(code, reason, "no"))
	}
}

// numbered is the Pod of a slot at a version.
func numbered(t *testing.T, slot int, version string) *corev1.Pod {
	spec := testSpec()
	spec.Slot = slot
	spec.Name = event.NewNames(event.DefaultInstance, event.DefaultStream).Pod(spec.Event.EventID, slot, 1)
	return buildPod(t, spec, fmt.Sprint("uid-", slot), version)
}

// follow runs Watch until it has made so many calls, and returns them as text.
func follow(t *testing.T, s *script, log *bytes.Buffer, calls int) []string {
	t.Helper()
	o := testOptions(t)
	o.Logger = slog.New(slog.NewTextHandler(log, nil))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got []string
	err := clientOf(t, k8stest.Serve(t, s.ServeHTTP), o).Watch(ctx, func(obs []worker.Observation, complete bool) {
		words := []string{"change"}
		if complete {
			words[0] = "complete"
		}
		for _, o := range obs {
			if o.Event.IsZero() {
				words = append(words, o.Ref.Name, o.Ref.UID)
			} else {
				words = append(words, fmt.Sprint(o.Slot))
			}
			if o.Gone {
				words = append(words, "gone")
			}
		}
		if got = append(got, strings.Join(words, " ")); len(got) == calls {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Watch ended with %v", err)
	}
	return got
}

func TestWatch(t *testing.T) {
	foreign := numbered(t, 9, "3")
	foreign.Name = "web"
	expired := change{watch.Error, k8stest.Status(410, metav1.StatusReasonExpired, "too old resource version")}
	s := &script{t: t, steps: []func(http.ResponseWriter, *http.Request){
		page("10", "next", numbered(t, 1, "5"), foreign),
		page("10", "", numbered(t, 2, "6")),
		stream(t, change{watch.Added, numbered(t, 3, "11")}, change{watch.Modified, foreign},
			change{watch.Bookmark, &corev1.Pod{TypeMeta: metav1.TypeMeta{Kind: "Pod", APIVersion: "v1"}, ObjectMeta: metav1.ObjectMeta{ResourceVersion: "15"}}}),
		stream(t, change{watch.Modified, numbered(t, 1, "16")}, change{watch.Deleted, numbered(t, 2, "17")}, expired),
		fails(503, metav1.StatusReasonServiceUnavailable),
		fails(500, metav1.StatusReasonInternalError),
		page("20", "", numbered(t, 3, "11")),
		stream(t, change{watch.Modified, numbered(t, 3, "21")}),
	}}
	var log bytes.Buffer
	got := follow(t, s, &log, 7)
	want := []string{"complete 1 2", "change 3", "change web uid-9", "change 1", "change 2 gone", "complete 3", "change 3"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("observed:\n%s", d)
	}
	// Each list is consistent: it names no version.
	requests := []string{"list", "list  next", "watch 10", "watch 15", "list", "list", "list", "watch 20"}
	if d := cmp.Diff(requests, s.requests[:len(requests)]); d != "" {
		t.Errorf("requests:\n%s", d)
	}
	if out := log.String(); strings.Count(out, "level=WARN") != 1 || strings.Count(out, "pod watch resumed") != 1 {
		t.Errorf("want one warning and its end:\n%s", out)
	}
}

func TestWatchExpiredWhenOpened(t *testing.T) {
	s := &script{t: t, steps: []func(http.ResponseWriter, *http.Request){
		page("10", "", numbered(t, 1, "5")),
		fails(410, metav1.StatusReasonExpired),
		page("20", "", numbered(t, 2, "15")),
	}}
	var log bytes.Buffer
	if d := cmp.Diff([]string{"complete 1", "complete 2"}, follow(t, s, &log, 2)); d != "" {
		t.Error(d)
	}
}

// A watch that is forbidden is retried: the permission may be granted. Each refusal is reported.
func TestWatchForbidden(t *testing.T) {
	s := &script{t: t, steps: []func(http.ResponseWriter, *http.Request){
		fails(403, metav1.StatusReasonForbidden), fails(401, metav1.StatusReasonUnauthorized), page("10", ""),
	}}
	o := testOptions(t)
	refusals := 0
	o.Forbidden = func(error) { refusals++ }
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_ = clientOf(t, k8stest.Serve(t, s.ServeHTTP), o).Watch(ctx, func([]worker.Observation, bool) { cancel() })
	if refusals != 1 { // the 403 is the Pods' own: its message names no verb and no resource
		t.Errorf("reported %d times", refusals)
	}
}

// TestWatching: it reports the state of the watch at every moment.
func TestWatching(t *testing.T) {
	expired := change{watch.Error, k8stest.Status(410, metav1.StatusReasonExpired, "too old resource version")}
	s := &script{t: t, steps: []func(http.ResponseWriter, *http.Request){
		page("10", "", numbered(t, 1, "5")),
		stream(t, change{watch.Added, numbered(t, 2, "11")}, expired),
		fails(503, metav1.StatusReasonServiceUnavailable),
		page("20", "", numbered(t, 1, "5")),
		stream(t, change{watch.Added, numbered(t, 3, "21")}),
	}}
	client := clientOf(t, k8stest.Serve(t, s.ServeHTTP), testOptions(t))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	got := []string{fmt.Sprint(client.Watching())}
	_ = client.Watch(ctx, func([]worker.Observation, bool) {
		if got = append(got, fmt.Sprint(client.Watching())); len(got) == 5 {
			cancel()
		}
	})
	got = append(got, fmt.Sprint(client.Watching()))
	want := []string{
		"pods not listed yet", "pods not listed yet", "<nil>", "pod watch interrupted", "<nil>",
		"pods not listed yet",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
