package pods

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// TestTraceparent: without traces a worker gets what the producer sent, with them the span of its attempt, in every container and once.
func TestTraceparent(t *testing.T) {
	name := func(e *event.Event, slot, attempt int) string { return fmt.Sprint(e.EventID, " ", slot, " ", attempt) }
	for what, c := range map[string]struct {
		sent        string
		traceparent func(*event.Event, int, int) string
		want        string
	}{
		"off, none sent": {"", nil, ""},
		"off":            {testEvent().Traceparent, nil, testEvent().Traceparent},
		"on, none sent":  {"", name, "1756659802903-0 2 3"},
		"on":             {testEvent().Traceparent, name, "1756659802903-0 2 3"},
	} {
		spec := testSpec()
		spec.Slot, spec.Attempt, spec.Event.Traceparent, spec.Event.Baggage = 2, 3, c.sent, "user=kim"
		client := offline(t)
		client.builder.traceparent = c.traceparent
		pod, err := client.builder.build(spec)
		if err != nil {
			t.Fatal(err)
		}
		env := pod.Spec.Containers[0].Env
		if got, n := valueOf(env, "TRACEPARENT"); got != c.want || n > 1 {
			t.Errorf("%s: TRACEPARENT is %q, %d times; want %q", what, got, n, c.want)
		}
		if got, n := valueOf(env, "BAGGAGE"); got != "user=kim" || n != 1 {
			t.Errorf("%s: BAGGAGE is %q, %d times", what, got, n)
		}
	}
}

func valueOf(env []corev1.EnvVar, name string) (value string, n int) {
	for _, v := range env {
		if v.Name == name {
			value, n = v.Value, n+1
		}
	}
	return value, n
}
