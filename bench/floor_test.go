//go:build real

package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	watchtools "k8s.io/client-go/tools/watch"

	"github.com/ottoscaler/ottoscaler/test/poll"
)

// floor sends requests and does nothing else, with the product's account. As in the product, writes have one connection and the
// watch another.
type floor struct {
	fixture *fixture
	access  *rest.Config
	writes  *http.Client
	host    string // https://…/api/v1/namespaces/…/pods
	pods    *pods
}

const (
	deleters = 16 // DELETEs in flight, as in the product
	selector = "managed-by=ottoscaler,ottoscaler.io/instance=ottoscaler"
)

func newFloor(t *testing.T, r *fixture) *floor {
	t.Helper()
	access, err := clientcmd.BuildConfigFromFlags("", r.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	f := &floor{fixture: r, access: access, host: access.Host + "/api/v1/namespaces/" + r.Namespace + "/pods"}
	if f.writes, err = rest.HTTPClientFor(separate(access)); err != nil {
		t.Fatal(err)
	}
	f.writes.Timeout = time.Minute
	f.pods = capture(t, r)
	f.deleteAll(t)
	return f
}

// separate copies a config with its own connection and no rate limit.
func separate(access *rest.Config) *rest.Config {
	own := rest.CopyConfig(access)
	own.QPS = -1
	own.Dial = (&net.Dialer{Timeout: 10 * time.Second}).DialContext
	return own
}

// send sends one request and reads the whole response.
func (f *floor) send(ctx context.Context, method, url, kind string, body []byte) (int, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Accept", runtime.ContentTypeProtobuf)
	answer, err := f.writes.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, text, err
}

// post creates Pods with this many requests in flight.
func (f *floor) post(t *testing.T, bodies [][]byte, inFlight int) {
	t.Helper()
	parallel(t, len(bodies), inFlight, func(i int) error {
		code, text, err := f.send(t.Context(), http.MethodPost, f.host, runtime.ContentTypeProtobuf, bodies[i])
		if err == nil && code != http.StatusCreated {
			err = fmt.Errorf("POST: %d: %q", code, text)
		}
		return err
	})
}

// delete deletes Pods by name.
func (f *floor) delete(t *testing.T, names []string) {
	t.Helper()
	parallel(t, len(names), deleters, func(i int) error { return f.deleteOne(t.Context(), names[i]) })
}

func (f *floor) deleteOne(ctx context.Context, name string) error {
	code, text, err := f.send(ctx, http.MethodDelete, f.host+"/"+name, "application/json", nil)
	if err == nil && code != http.StatusOK && code != http.StatusNotFound {
		err = fmt.Errorf("DELETE: %d: %q", code, text)
	}
	return err
}

// deleteAll deletes all Pods and waits until they are gone.
func (f *floor) deleteAll(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	admin := f.admin(t)
	err := poll.Until(ctx, 100*time.Millisecond, func() error {
		list, err := admin.CoreV1().Pods(f.fixture.Namespace).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if len(list.Items) == 0 {
			return nil
		}
		var names []string
		for i := range list.Items {
			if list.Items[i].DeletionTimestamp == nil {
				names = append(names, list.Items[i].Name)
			}
		}
		f.delete(t, names)
		return fmt.Errorf("%d Pods are left", len(list.Items))
	})
	if err != nil {
		t.Fatalf("deleting all Pods: %v", err)
	}
}

func (f *floor) admin(t *testing.T) kubernetes.Interface {
	t.Helper()
	access, err := clientcmd.BuildConfigFromFlags("", f.fixture.Cluster.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	access.QPS, access.ContentType = -1, runtime.ContentTypeProtobuf
	client, err := kubernetes.NewForConfig(access)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// parallel calls do for 0 to n-1, width at a time; the first error ends it.
func parallel(t *testing.T, n, width int, do func(i int) error) {
	t.Helper()
	var next atomic.Int64
	var group sync.WaitGroup
	failed := make(chan error, width)
	for range width {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := do(i); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	group.Wait()
	select {
	case err := <-failed:
		t.Fatal(err)
	default:
	}
}

// listen opens the same watch as the product and only reads its bytes, until end is called.
func (f *floor) listen(t *testing.T) (end func()) {
	t.Helper()
	client, err := rest.HTTPClientFor(separate(f.access))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.host+"?watch=true&labelSelector="+selector, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", runtime.ContentTypeProtobuf+";stream=watch")
	answer, err := client.Do(r) //nolint:bodyclose // the goroutine below closes it
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("watch: %v %v", answer, err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, answer.Body) // ends with ctx
		_ = answer.Body.Close()
	}()
	return func() {
		cancel()
		<-ended
		client.CloseIdleConnections()
	}
}

// watch is listen with decoded Pods, each passed to the function. When the server ends the watch, it is resumed.
func (f *floor) watch(t *testing.T, each func(watch.EventType, *corev1.Pod)) (end func()) {
	t.Helper()
	own := separate(f.access)
	own.ContentType = runtime.ContentTypeProtobuf
	client, err := kubernetes.NewForConfig(own)
	if err != nil {
		t.Fatal(err)
	}
	pods := client.CoreV1().Pods(f.fixture.Namespace)
	list, err := pods.List(t.Context(), metav1.ListOptions{LabelSelector: selector, Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	w, err := watchtools.NewRetryWatcherWithContext(t.Context(), list.ResourceVersion, &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.LabelSelector = selector
			return pods.Watch(ctx, o)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for e := range w.ResultChan() {
			pod, ok := e.Object.(*corev1.Pod)
			if !ok {
				t.Errorf("unexpected watch event %s: %v", e.Type, e.Object)
				continue
			}
			each(e.Type, pod)
		}
	}()
	return func() { w.Stop(); <-ended }
}
