//go:build real

package integration

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s/pods"
	podtemplates "github.com/ottoscaler/ottoscaler/internal/k8s/templates"
	"github.com/ottoscaler/ottoscaler/internal/worker/workertest"
)

// lasting is a template whose Pod runs until the test ends it, and needs a second to stop.
const lasting = `metadata:
  annotations: {devcluster.io/duration: 1h, devcluster.io/stop-delay: 1s}
spec:
  containers: [{name: agent, image: "busybox:latest"}]
`

// testNamespace is a namespace with the product's account.
type testNamespace struct {
	t         *testing.T
	namespace string
	config    *rest.Config
}

func newNamespace(t *testing.T) testNamespace {
	t.Helper()
	p := testNamespace{t: t, namespace: fmt.Sprintf("c%x", time.Now().UnixNano())}
	if out, err := cluster.Kubectl("create", "namespace", p.namespace); err != nil {
		t.Fatal(err, out)
	}
	t.Cleanup(func() { p.kubectl("delete", "namespace", p.namespace, "--wait=false") })
	var err error
	if p.config, err = clientcmd.BuildConfigFromFlags("", cluster.NewAccount(t, p.namespace)); err != nil {
		t.Fatal(err)
	}
	return p
}

// kubectl acts as another client, the admin.
func (p testNamespace) kubectl(args ...string) {
	p.t.Helper()
	if out, err := cluster.Kubectl(append(args, "-n", p.namespace)...); err != nil {
		p.t.Error(err, out)
	}
}

func lastingTemplates(t *testing.T) *podtemplates.Set {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "lasting.yaml"), []byte(lasting), 0o600); err != nil {
		t.Fatal(err)
	}
	templates, err := podtemplates.Load(podtemplates.Options{Dir: dir, Image: "busybox:latest"})
	if err != nil {
		t.Fatal(err)
	}
	return templates
}

// client has its own instance name, so that tests share a namespace without interference.
func (p testNamespace) client(t *testing.T, instance string, guard func() (time.Time, bool)) *pods.Client {
	t.Helper()
	c, err := pods.New(p.config, pods.Options{
		Namespace: p.namespace, Instance: instance, Stream: event.DefaultStream,
		Names:     event.NewNames(instance, event.DefaultStream),
		Templates: lastingTemplates(t), Version: "test", Logger: slog.New(slog.DiscardHandler), Guard: guard,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const ended = `{"status":{"phase":%q,"containerStatuses":[{"name":"agent","image":"busybox:latest","imageID":"","ready":false,` +
	`"restartCount":0,"state":{"terminated":{"exitCode":%d,"reason":%q,"startedAt":%q,"finishedAt":%q}}}]}}`

func (p testNamespace) finish(name string, code int) {
	phase, reason, now := "Succeeded", "Completed", time.Now().UTC().Format(time.RFC3339)
	if code != 0 {
		phase, reason = "Failed", "Error"
	}
	p.kubectl("patch", "pod", name, "--subresource=status", "--type=merge", "-p", fmt.Sprintf(ended, phase, code, reason, now, now))
}

// TestCluster: the real cluster passes the same suite as the fake of the unit tests.
func TestCluster(t *testing.T) {
	p := newNamespace(t)
	var installations atomic.Int32
	workertest.TestCluster(t, func(t *testing.T) workertest.Clusters {
		instance := fmt.Sprintf("conform-%d", installations.Add(1))
		unlabel := func(name string) { p.kubectl("label", "pod", name, "managed-by-", "ottoscaler.io/instance-") }
		return workertest.Clusters{
			Cluster: p.client(t, instance, nil), Names: event.NewNames(instance, event.DefaultStream), Template: "lasting",
			Occupy:  func(name string) { p.kubectl("run", name, "--image=busybox:latest", "--restart=Never") },
			Unlabel: unlabel,
			Strip: func(name string) {
				unlabel(name)
				p.kubectl("annotate", "pod", name,
					"ottoscaler.io/event-id-", "ottoscaler.io/event-", "ottoscaler.io/worker-index-", "ottoscaler.io/attempt-")
			},
			Finish: p.finish,
		}
	})
}
