package leader

import (
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

func TestLeaseName(t *testing.T) {
	if got := LeaseName(event.DefaultInstance, event.DefaultStream); got != "ottoscaler" {
		t.Errorf("the usual one is %q", got)
	}
	other, third := LeaseName("ottoscaler", "another"), LeaseName("another", event.DefaultStream)
	if len(other) != len("ottoscaler-12345") || !strings.HasPrefix(other, "ottoscaler-") || other == third {
		t.Errorf("others are %q and %q", other, third)
	}
	if LeaseName("a", "bc") == LeaseName("ab", "c") {
		t.Error("two installations share a Lease")
	}
}

func TestIdentity(t *testing.T) {
	if got := Identity("pod-1"); got != "pod-1" {
		t.Errorf("the Pod's is %q", got)
	}
	if a, b := Identity(""), Identity(""); a == b || a == "" {
		t.Errorf("two processes are called %q and %q", a, b)
	}
}
