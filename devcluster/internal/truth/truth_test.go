package truth

import (
	"slices"
	"strings"
	"testing"
)

func TestEveryRowSaysSomething(t *testing.T) {
	allowed := []string{"real", "simulated", "partly", "absent"}
	for _, node := range []string{Containerd, Kwok, None} {
		for _, r := range Table(node) {
			if r.Area == "" || !slices.Contains(allowed, r.Real) {
				t.Errorf("%s: %+v", node, r)
			}
			if r.Real == "partly" && r.Note == "" {
				t.Errorf("%s: %q does not say which part", node, r.Area)
			}
		}
	}
}

func TestSimulatedClustersAdmitIt(t *testing.T) {
	for _, r := range Table(Kwok) {
		if strings.HasPrefix(r.Area, "containers") && r.Real != "simulated" {
			t.Errorf("kwok claims that containers are %s", r.Real)
		}
		if strings.HasPrefix(r.Area, "kubectl logs") && r.Real != "absent" {
			t.Errorf("kwok claims that logs are %s", r.Real)
		}
	}
}
