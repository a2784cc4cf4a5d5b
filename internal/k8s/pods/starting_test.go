package pods

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// bound is a Pod that got its node five seconds after it was made.
func bound(statuses ...corev1.ContainerStatus) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		withMain(corev1.PodPending, statuses...)(p)
		p.Status.Conditions = []corev1.PodCondition{
			{Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(boundAt)},
		}
	}
}

var boundAt = created.Add(5 * time.Second)

func withInit(init corev1.ContainerStatus, sidecar bool, statuses ...corev1.ContainerStatus) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		bound(statuses...)(p)
		if sidecar {
			p.Spec.InitContainers = []corev1.Container{{Name: init.Name, RestartPolicy: new(corev1.ContainerRestartPolicyAlways)}}
		}
		p.Status.InitContainerStatuses = []corev1.ContainerStatus{init}
	}
}

func again(s corev1.ContainerStatus) corev1.ContainerStatus {
	s.RestartCount = 3
	s.LastTerminationState = ended(s.Name, 1, "Error", "", 0).State
	return s
}

// startingPods have a node and have not started, or only just.
var startingPods = map[string]observation{
	"no status yet": {bound(), worker.Observation{Node: "n1", Scheduled: boundAt, Starting: boundAt}},
	"its volume is missing": {bound(waits("agent", "ContainerCreating", "")), worker.Observation{
		Node: "n1", Scheduled: boundAt, Starting: boundAt, Container: "agent", Reason: "ContainerCreating",
	}},
	"it does not say when it got its node": {func(p *corev1.Pod) { p.Spec.NodeName = "n1" }, worker.Observation{Node: "n1", Starting: created}},
	"a sidecar crashes": {
		withInit(again(waits("proxy", "CrashLoopBackOff", "back-off 5m0s")), true, waits("agent", "PodInitializing", "")),
		worker.Observation{
			Node: "n1", Scheduled: boundAt, Starting: boundAt, Ran: true, Waiting: worker.WaitingStart, Container: "proxy",
			Reason: "CrashLoopBackOff", Message: "back-off 5m0s",
		},
	},
	"a sidecar is up again, for now": {
		withInit(again(runs("proxy")), true, waits("agent", "PodInitializing", "")), worker.Observation{
			Node: "n1", Scheduled: boundAt, Starting: boundAt, Ran: true, Container: "agent", Reason: "PodInitializing",
		},
	},
	"a sidecar crashes, the agent runs": {
		withInit(again(waits("proxy", "CrashLoopBackOff", "")), true, runs("agent")),
		worker.Observation{Node: "n1", Scheduled: boundAt, Ran: true, Phase: worker.PhaseRunning},
	},
	"an init container is at work": {
		withInit(runs("clone"), false, waits("agent", "PodInitializing", "")),
		worker.Observation{Node: "n1", Scheduled: boundAt, Ran: true, Container: "agent", Reason: "PodInitializing"},
	},
	"an init container is restarted again and again": {
		withInit(again(runs("clone")), false, waits("agent", "PodInitializing", "")),
		worker.Observation{Node: "n1", Scheduled: boundAt, Starting: boundAt, Ran: true, Container: "agent", Reason: "PodInitializing"},
	},
	"an init container has ended": {
		withInit(ended("clone", 0, "Completed", "", 0), false, waits("agent", "PodInitializing", "")),
		worker.Observation{Node: "n1", Scheduled: boundAt, Starting: finished, Ran: true, Container: "agent", Reason: "PodInitializing"},
	},
	"gated": {func(p *corev1.Pod) {
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "SchedulingGated", Message: "gates"}}
	}, worker.Observation{Gated: true, Reason: "SchedulingGated", Message: "gates"}},
}

// configErrors heal, unless they name what is missing.
var configErrors = map[string]worker.Waiting{
	"failed to sync secret cache: timed out waiting for the condition":             worker.WaitingImage,
	"failed to sync configmap cache: timed out waiting for the condition":          worker.WaitingImage,
	"services have not yet been read at least once, cannot construct envvars":      worker.WaitingImage,
	`secret "ci-token" not found`:                                                  worker.WaitingBroken,
	`configmap "ci" not found`:                                                     worker.WaitingBroken,
	"couldn't find key token in Secret ci/ci-token":                                worker.WaitingBroken,
	"container has runAsNonRoot and image will run as root":                        worker.WaitingBroken,
	"container has runAsNonRoot and image has non-numeric user (node), cannot ver": worker.WaitingBroken,
}

func TestObserveStarting(t *testing.T) {
	testObserve(t, startingPods)
	for message, kind := range configErrors {
		testObserve(t, map[string]observation{message: {bound(waits("agent", "CreateContainerConfigError", message)), worker.Observation{
			Node: "n1", Scheduled: boundAt, Starting: boundAt, Waiting: kind, Container: "agent", Reason: "CreateContainerConfigError", Message: message,
		}}})
	}
}

// TestNodeDown: only the node lifecycle controller says that a Pod is not ready although its containers are.
func TestNodeDown(t *testing.T) {
	forEver := corev1.Toleration{Operator: corev1.TolerationOpExists}
	bounded := corev1.Toleration{Operator: corev1.TolerationOpExists, TolerationSeconds: new(int64(3600))}
	both := []corev1.Toleration{
		{Key: corev1.TaintNodeNotReady, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute}, {Key: corev1.TaintNodeUnreachable},
	}
	for name, c := range map[string]struct {
		ready, containers corev1.ConditionStatus
		reason            string
		tolerations       []corev1.Toleration
		down              bool
	}{
		"node down":                        {"False", "True", "", []corev1.Toleration{forEver}, true},
		"node down, both taints by name":   {"False", "True", "", both, true},
		"node down, tolerated for an hour": {"False", "True", "", []corev1.Toleration{bounded}, false},
		"node down, only one tolerated":    {"False", "True", "", both[1:], false},
		"node down, not tolerated":         {"False", "True", "", nil, false},
		"node down, another effect":        {"False", "True", "", []corev1.Toleration{{Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule}}, false},
		"ready":                            {"True", "True", "", []corev1.Toleration{forEver}, false},
		"its own probe fails":              {"False", "False", "ContainersNotReady", []corev1.Toleration{forEver}, false},
		"a readiness gate":                 {"False", "True", "ReadinessGatesNotReady", []corev1.Toleration{forEver}, false},
	} {
		want := ran(worker.Observation{Phase: worker.PhaseRunning})
		if c.down {
			want.NodeDown = finished
		}
		testObserve(t, map[string]observation{name: {func(p *corev1.Pod) {
			withMain(corev1.PodRunning, runs("agent"))(p)
			p.Spec.Tolerations = c.tolerations
			p.Status.Conditions = []corev1.PodCondition{
				{Type: corev1.PodReady, Status: c.ready, Reason: c.reason, LastTransitionTime: metav1.NewTime(finished)},
				{Type: corev1.ContainersReady, Status: c.containers},
			}
		}, want}})
	}
}
