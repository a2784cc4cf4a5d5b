package pods

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ottoscaler/ottoscaler/internal/k8s/templates"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// observation is what is observed of a Pod after a change, besides which worker it is.
type observation struct {
	change func(*corev1.Pod)
	want   worker.Observation
}

var disrupted = corev1.PodCondition{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: "DeletionByTaintManager", Message: "Taint manager: deleting"}

var activePods = map[string]observation{
	"new": {func(*corev1.Pod) {}, worker.Observation{}},
	"unscheduled": {func(p *corev1.Pod) {
		p.Status.Conditions = []corev1.PodCondition{{
			Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/3 nodes are available",
		}}
	}, worker.Observation{Reason: "Unschedulable", Message: "0/3 nodes are available"}},
	"running": {func(p *corev1.Pod) {
		p.Status.Phase, p.Spec.NodeName = corev1.PodRunning, "n1"
	}, worker.Observation{Phase: worker.PhaseRunning, Node: "n1"}},
	"running since": {func(p *corev1.Pod) {
		p.Status.Phase, p.Spec.NodeName = corev1.PodRunning, "n1"
		p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "a", State: corev1.ContainerState{
			Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(finished)},
		}}}
	}, worker.Observation{Phase: worker.PhaseRunning, Node: "n1", Ran: true, Started: finished}},
	"unknown phase may run": {func(p *corev1.Pod) {
		p.Status.Phase = corev1.PodUnknown
	}, worker.Observation{Phase: worker.PhaseRunning}},
	"terminating": {func(p *corev1.Pod) {
		p.DeletionTimestamp = new(metav1.NewTime(created))
	}, worker.Observation{Deleting: created}},
	"terminating for ages": {func(p *corev1.Pod) {
		p.DeletionTimestamp = new(metav1.NewTime(created.AddDate(9000, 0, 0)))
	}, worker.Observation{Deleting: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)}},
	"terminating since no moment": {func(p *corev1.Pod) {
		p.DeletionTimestamp = new(metav1.Time{})
	}, worker.Observation{Deleting: time.Unix(0, 0).UTC()}},
	"protected by annotation": {func(p *corev1.Pod) { p.Annotations[templates.ProtectedKey] = "true" }, worker.Observation{Protected: true}},
	"protected by label":      {func(p *corev1.Pod) { p.Labels[templates.ProtectedKey] = "true" }, worker.Observation{Protected: true}},
	"not protected":           {func(p *corev1.Pod) { p.Labels[templates.ProtectedKey] = "false" }, worker.Observation{}},
	"image pull": {func(p *corev1.Pod) {
		p.Status.ContainerStatuses = []corev1.ContainerStatus{waitingFor("ImagePullBackOff", "Back-off pulling image")}
	}, worker.Observation{Waiting: worker.WaitingImage, Reason: "ImagePullBackOff", Message: "Back-off pulling image"}},
	"broken beats image": {func(p *corev1.Pod) {
		p.Status.InitContainerStatuses = []corev1.ContainerStatus{waitingFor("ErrImagePull", "x")}
		p.Status.ContainerStatuses = []corev1.ContainerStatus{waitingFor("CreateContainerConfigError", `secret "s" not found`)}
	}, worker.Observation{Waiting: worker.WaitingBroken, Reason: "CreateContainerConfigError", Message: `secret "s" not found`}},
	"invalid image name": {func(p *corev1.Pod) {
		p.Status.ContainerStatuses = []corev1.ContainerStatus{waitingFor("InvalidImageName", "x")}
	}, worker.Observation{Waiting: worker.WaitingBroken, Reason: "InvalidImageName", Message: "x"}},
	"create container error may heal": {func(p *corev1.Pod) {
		p.Status.ContainerStatuses = []corev1.ContainerStatus{waitingFor("CreateContainerError", "x")}
	}, worker.Observation{Waiting: worker.WaitingImage, Reason: "CreateContainerError", Message: "x"}},
	"creating is no failure": {func(p *corev1.Pod) {
		p.Status.ContainerStatuses = []corev1.ContainerStatus{waitingFor("ContainerCreating", "")}
	}, worker.Observation{}},
}

var endedPods = map[string]observation{
	"succeeded": {func(p *corev1.Pod) {
		p.Status.Phase = corev1.PodSucceeded
		p.Status.ContainerStatuses = []corev1.ContainerStatus{ended("a", 0, "Completed", "", 0)}
	}, worker.Observation{Phase: worker.PhaseSucceeded, Reason: "Completed", Ran: true, Container: "a", ExitCode: new(0), Finished: finished}},
	"succeeded with a result": {func(p *corev1.Pod) {
		p.Status.Phase = corev1.PodSucceeded
		end := ended("a", 0, "Completed", `{"digest":"sha256:`+strings.Repeat("0", 4000)+"\"}\n", 0)
		end.State.Terminated.StartedAt = metav1.NewTime(created)
		p.Status.ContainerStatuses = []corev1.ContainerStatus{end}
	}, worker.Observation{
		Phase: worker.PhaseSucceeded, Reason: "Completed", Message: `{"digest":"sha256:` + strings.Repeat("0", 4000) + `"}`, Ran: true,
		Container: "a", ExitCode: new(0), Started: created, Finished: finished,
	}},
	"succeeded although disrupted": {func(p *corev1.Pod) {
		p.Status.Phase, p.Status.Conditions = corev1.PodSucceeded, []corev1.PodCondition{disrupted}
		p.Status.ContainerStatuses = []corev1.ContainerStatus{ended("a", 0, "Completed", "", 0)}
	}, worker.Observation{Phase: worker.PhaseSucceeded, Reason: "Completed", Ran: true, Container: "a", ExitCode: new(0), Finished: finished}},
	"failed, with log lines": {func(p *corev1.Pod) {
		p.Status.Phase = corev1.PodFailed
		p.Status.ContainerStatuses = []corev1.ContainerStatus{ended("a", 7, "Error", "one\r\n\x1b[31mtwo\n", 0)}
	}, worker.Observation{Phase: worker.PhaseFailed, Reason: "Error", Message: "one\n[31mtwo", Ran: true, Container: "a", ExitCode: new(7), Finished: finished}},
	"out of memory": {func(p *corev1.Pod) {
		p.Status.Phase = corev1.PodFailed
		p.Status.ContainerStatuses = []corev1.ContainerStatus{ended("a", 137, "OOMKilled", "", 0)}
	}, worker.Observation{Phase: worker.PhaseFailed, Reason: "OOMKilled", Ran: true, Container: "a", ExitCode: new(137), Finished: finished}},
	"the first to fail": {func(p *corev1.Pod) {
		p.Status.Phase = corev1.PodFailed
		p.Status.ContainerStatuses = []corev1.ContainerStatus{
			ended("a", 0, "Completed", "", -time.Second), ended("b", 3, "Error", "late", 2*time.Second), ended("c", 4, "Error", "first", time.Second),
		}
	}, worker.Observation{Phase: worker.PhaseFailed, Reason: "Error", Message: `container "c": first`, Ran: true, Container: "c", ExitCode: new(4), Finished: finished.Add(time.Second)}},
	"a sidecar's end does not count": {func(p *corev1.Pod) {
		p.Spec.InitContainers = []corev1.Container{{Name: "proxy", RestartPolicy: new(corev1.ContainerRestartPolicyAlways)}}
		p.Status.Phase = corev1.PodFailed
		p.Status.InitContainerStatuses = []corev1.ContainerStatus{ended("proxy", 143, "Error", "", -time.Second)}
		p.Status.ContainerStatuses = []corev1.ContainerStatus{ended("a", 5, "Error", "", 0)}
	}, worker.Observation{Phase: worker.PhaseFailed, Reason: "Error", Ran: true, Container: "a", ExitCode: new(5), Finished: finished}},
	"deadline": {func(p *corev1.Pod) {
		p.Status.Phase, p.Status.Reason, p.Status.Message = corev1.PodFailed, "DeadlineExceeded", "Pod was active too long"
		p.Status.ContainerStatuses = []corev1.ContainerStatus{ended("a", 137, "Error", "", 0)}
	}, worker.Observation{
		Phase: worker.PhaseFailed, Reason: "DeadlineExceeded", Message: "Pod was active too long", Ran: true, Container: "a", ExitCode: new(137), Finished: finished,
	}},
	"deadline before anything ran": {func(p *corev1.Pod) {
		p.Status.Phase, p.Status.Reason = corev1.PodFailed, "DeadlineExceeded"
	}, worker.Observation{Phase: worker.PhaseFailed, Reason: "DeadlineExceeded"}},
	"evicted": {func(p *corev1.Pod) {
		p.Status.Phase, p.Status.Reason, p.Status.Message = corev1.PodFailed, "Evicted", "The node was low on resource: memory."
		p.Status.ContainerStatuses = []corev1.ContainerStatus{ended("a", 137, "Error", "", 0)}
	}, worker.Observation{
		Phase: worker.PhaseFailed, Disrupted: true, Reason: "Evicted", Message: "The node was low on resource: memory.",
		Ran: true, Container: "a", ExitCode: new(137), Finished: finished,
	}},
	"node shutdown": {func(p *corev1.Pod) {
		p.Status.Phase, p.Status.Reason = corev1.PodFailed, "Terminated"
		p.Status.ContainerStatuses = []corev1.ContainerStatus{ended("a", 143, "Error", "", 0)}
	}, worker.Observation{Phase: worker.PhaseFailed, Disrupted: true, Reason: "Terminated", Ran: true, Container: "a", ExitCode: new(143), Finished: finished}},
	"preempted by the kubelet": {func(p *corev1.Pod) {
		p.Status.Phase, p.Status.Reason = corev1.PodFailed, "Preempting"
		p.Status.ContainerStatuses = []corev1.ContainerStatus{ended("a", 143, "Error", "", 0)}
	}, worker.Observation{Phase: worker.PhaseFailed, Disrupted: true, Reason: "Preempting", Ran: true, Container: "a", ExitCode: new(143), Finished: finished}},
	"disruption target, ended": {func(p *corev1.Pod) {
		p.Status.Phase, p.Status.Conditions = corev1.PodFailed, []corev1.PodCondition{disrupted}
		p.Status.ContainerStatuses = []corev1.ContainerStatus{ended("a", 143, "Error", "", 0)}
	}, worker.Observation{
		Phase: worker.PhaseFailed, Disrupted: true, Reason: "DeletionByTaintManager", Message: "Taint manager: deleting",
		Ran: true, Container: "a", ExitCode: new(143), Finished: finished,
	}},
	"disruption target, still running": {func(p *corev1.Pod) {
		p.Status.Phase, p.Status.Conditions = corev1.PodRunning, []corev1.PodCondition{disrupted}
	}, worker.Observation{
		Phase: worker.PhaseRunning, Disrupted: true, Reason: "DeletionByTaintManager", Message: "Taint manager: deleting",
	}},
	"not admitted": {func(p *corev1.Pod) {
		p.Status.Phase, p.Status.Reason, p.Status.Message = corev1.PodFailed, "OutOfexample.com/gpu", "Node didn't have enough resource"
	}, worker.Observation{
		Phase: worker.PhaseFailed, Rejected: true, Reason: "OutOfexample.com/gpu", Message: "Node didn't have enough resource",
	}},
	"failed without a word": {func(p *corev1.Pod) {
		p.Status.Phase = corev1.PodFailed
	}, worker.Observation{Phase: worker.PhaseFailed, Reason: "Error"}},
}

func TestObserveActive(t *testing.T) { testObserve(t, activePods) }

func TestObserveEnded(t *testing.T) { testObserve(t, endedPods) }

func testObserve(t *testing.T, tests map[string]observation) {
	t.Helper()
	o := &offline(t).observer
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			pod := livePod(t)
			test.change(pod)
			want := test.want
			want.Ref = worker.PodRef{Name: testName, UID: "uid-1"}
			want.Event, want.Slot, want.Attempt, want.Created = testEvent().EventID, 1, 1, created
			got, ok := o.observe(pod)
			if d := cmp.Diff(want, got); !ok || d != "" {
				t.Errorf("ok %v:\n%s", ok, d)
			}
			if partial, ok := o.observe(decodePartially(t, pod)); !ok || !cmp.Equal(got, partial) {
				t.Errorf("another observation of the Pod as the watch decodes it:\n%s", cmp.Diff(got, partial))
			}
		})
	}
}

func TestObserveForeign(t *testing.T) {
	o := &offline(t).observer
	for name, change := range map[string]func(*corev1.Pod){
		"another instance":      func(p *corev1.Pod) { p.Labels[keyInstance] = "other" },
		"no instance":           func(p *corev1.Pod) { p.Labels = nil },
		"no annotations":        func(p *corev1.Pod) { p.Annotations = nil },
		"another event":         func(p *corev1.Pod) { p.Annotations[keyEventID] = "1756659802903-1" },
		"event ID with a zero":  func(p *corev1.Pod) { p.Annotations[keyEventID] = "01756659802903-0" },
		"slot 0":                func(p *corev1.Pod) { p.Annotations[keyIndex] = "0" },
		"slot +1":               func(p *corev1.Pod) { p.Annotations[keyIndex] = "+1" },
		"slot not of this name": func(p *corev1.Pod) { p.Annotations[keyIndex] = "2" },
		"huge slot":             func(p *corev1.Pod) { p.Annotations[keyIndex] = strings.Repeat("9", 1<<16) },
		"attempt 0":             func(p *corev1.Pod) { p.Annotations[keyAttempt] = "0" },
		"attempt -1":            func(p *corev1.Pod) { p.Annotations[keyAttempt] = "-1" },
		"attempt 2 by name 1":   func(p *corev1.Pod) { p.Annotations[keyAttempt] = "2" },
		"another name":          func(p *corev1.Pod) { p.Name = "web-1" },
		"no UID":                func(p *corev1.Pod) { p.UID = "" },
	} {
		t.Run(name, func(t *testing.T) {
			pod := livePod(t)
			change(pod)
			if got, ok := o.observe(pod); ok {
				t.Errorf("taken for own: %+v", got)
			}
		})
	}
}
