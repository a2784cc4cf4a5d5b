package pods

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/ottoscaler/ottoscaler/internal/k8s/k8stest"
	"github.com/ottoscaler/ottoscaler/internal/k8s/templates"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func TestNewRefusesInstance(t *testing.T) {
	o := testOptions(t)
	for _, instance := range []string{"", "a b", strings.Repeat("x", 64)} {
		o.Instance = instance
		if _, err := New(&rest.Config{Host: "http://localhost"}, o); err == nil {
			t.Errorf("took %q", instance)
		}
	}
}

// Without the Lease no Pod is created or deleted.
func TestGuard(t *testing.T) {
	o := testOptions(t)
	leads := false
	o.Guard = func() (time.Time, bool) { return time.Now().Add(time.Hour), leads }
	requests := 0
	c := clientOf(t, k8stest.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
		requests++
		k8stest.Answer(w, 200, livePod(t))
	}), o)
	if _, err := c.Create(t.Context(), testSpec()); !errors.Is(err, worker.ErrUnavailable) {
		t.Errorf("creating: %v, want ErrUnavailable", err)
	}
	if err := c.Delete(t.Context(), testRef, -1); !errors.Is(err, worker.ErrUnavailable) || errors.Is(err, worker.ErrGone) {
		t.Errorf("deleting: %v, want ErrUnavailable", err)
	}
	if requests != 0 {
		t.Errorf("%d requests were sent", requests)
	}
	leads = true
	if _, err := c.Create(t.Context(), testSpec()); err != nil {
		t.Error(err)
	}
	if err := c.Delete(t.Context(), testRef, -1); err != nil {
		t.Error(err)
	}
}

// What is set on every Pod is refused in a template.
func TestTemplatesMayNotSetKeys(t *testing.T) {
	pod := livePod(t)
	file := filepath.Join(t.TempDir(), "x.yaml")
	for field, keys := range map[string]map[string]string{"labels": pod.Labels, "annotations": pod.Annotations} {
		for _, key := range slices.Collect(maps.Keys(keys)) {
			k8stest.WriteFile(t, file, fmt.Sprintf("metadata: {%s: {%q: x}}\nspec: {containers: [{name: a, image: b}]}", field, key))
			if _, err := templates.Load(templates.Options{Dir: filepath.Dir(file)}); err == nil {
				t.Errorf("a template may set %s in %s", key, field)
			}
		}
	}
}
