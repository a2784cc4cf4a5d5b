package pods

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/ottoscaler/ottoscaler/internal/k8s/templates"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const unseen = `nobody saw how container "agent" ended: its exit code `

// withMain is a Pod with two containers, of which `agent` is the main one, in that phase.
func withMain(phase corev1.PodPhase, statuses ...corev1.ContainerStatus) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Annotations[templates.MainKey] = "agent"
		p.Spec.NodeName, p.Status.Phase, p.Status.ContainerStatuses = "n1", phase, statuses
	}
}

func runs(name string) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: name, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}
}

func waits(name, reason, message string) corev1.ContainerStatus {
	s := waitingFor(reason, message)
	s.Name = name
	return s
}

// ran is an observation of a Pod that ran on n1.
func ran(o worker.Observation) worker.Observation {
	o.Ran, o.Node = true, "n1"
	return o
}

// agentEnded is an observation of how the main container ended.
func agentEnded(phase worker.Phase, reason, message string, code int) worker.Observation {
	return ran(worker.Observation{
		Phase: phase, MainEnded: phase == worker.PhaseRunning, Reason: reason, Message: message, Container: "agent",
		ExitCode: new(code), Finished: finished,
	})
}

// The main container's code decides, whatever the others do; a code that the node made up decides nothing.
var mainContainers = map[string]observation{
	"ended with 0, another runs": {
		withMain(corev1.PodRunning, ended("agent", 0, "Completed", "", 0), runs("dind")),
		agentEnded(worker.PhaseRunning, "Completed", `container "dind" still ran`, 0),
	},
	"ended with 7, another runs": {
		withMain(corev1.PodRunning, ended("agent", 7, "Error", "no such test", 0), runs("dind")),
		agentEnded(worker.PhaseRunning, "Error", "no such test", 7),
	},
	"ended, another's image is pulled": {
		withMain(corev1.PodPending, ended("agent", 0, "Completed", "", 0), waits("dind", "ErrImagePull", "no")),
		agentEnded(worker.PhaseRunning, "Completed", "", 0),
	},
	"ended with 0, another failed": {
		withMain(corev1.PodFailed, ended("agent", 0, "Completed", "", 0), ended("log-shipper", 1, "Error", "no route", -time.Second)),
		agentEnded(worker.PhaseSucceeded, "Completed", `container "log-shipper" ended with 1 (Error)`, 0),
	},
	"ended with 7, another failed before": {
		withMain(corev1.PodFailed, ended("agent", 7, "Error", "", 0), ended("log-shipper", 1, "Error", "no route", -time.Second)),
		agentEnded(worker.PhaseFailed, "Error", "", 7),
	},
	"ended, the kubelet has not said so of the Pod": {
		withMain(corev1.PodRunning, ended("agent", 7, "Error", "", 0)), ran(worker.Observation{Phase: worker.PhaseRunning}),
	},
	"ended, all others have": {
		withMain(corev1.PodRunning, ended("agent", 0, "Completed", "", 0), ended("dind", 0, "Completed", "", 0)),
		ran(worker.Observation{Phase: worker.PhaseRunning}),
	},
	"ended, a sidecar is being stopped": {func(p *corev1.Pod) {
		withMain(corev1.PodRunning, ended("agent", 0, "Completed", "", 0))(p)
		p.Spec.InitContainers = []corev1.Container{{Name: "proxy", RestartPolicy: new(corev1.ContainerRestartPolicyAlways)}}
		p.Status.InitContainerStatuses = []corev1.ContainerStatus{runs("proxy")}
	}, ran(worker.Observation{Phase: worker.PhaseRunning})},
	"runs, another has failed": {
		withMain(corev1.PodRunning, runs("agent"), ended("log-shipper", 1, "Error", "", 0)), ran(worker.Observation{Phase: worker.PhaseRunning}),
	},
	"runs, another is misconfigured": {
		withMain(corev1.PodPending, runs("agent"), waits("dind", "CreateContainerConfigError", `secret "s" not found`)),
		ran(worker.Observation{Phase: worker.PhaseRunning}),
	},
	"being evicted, ended with 0": {func(p *corev1.Pod) {
		withMain(corev1.PodRunning, ended("agent", 0, "Completed", "", 0), runs("dind"))(p)
		p.Status.Conditions = []corev1.PodCondition{disrupted}
	}, ran(worker.Observation{Phase: worker.PhaseRunning, Disrupted: true, Reason: "DeletionByTaintManager", Message: "Taint manager: deleting"})},
	"evicted under node pressure, ended with 0 by SIGTERM": {func(p *corev1.Pod) {
		withMain(corev1.PodFailed, ended("agent", 0, "Completed", "", 0), ended("dind", 137, "Error", "", 0))(p)
		p.Status.Reason, p.Status.Message = "Evicted", "The node was low on resource: memory. "
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: "TerminationByKubelet"}}
	}, ran(worker.Observation{
		Phase: worker.PhaseFailed, Disrupted: true, Reason: "Evicted", Message: "The node was low on resource: memory.", Container: "agent",
		ExitCode: new(0), Finished: finished,
	})},
	"none named, another failed": {func(p *corev1.Pod) {
		withMain(corev1.PodFailed, ended("a", 0, "Completed", "", 0), ended("b", 1, "Error", "no route", 0))(p)
		delete(p.Annotations, templates.MainKey)
	}, ran(worker.Observation{
		Phase: worker.PhaseFailed, Reason: "Error", Message: `container "b": no route`, Container: "b", ExitCode: new(1), Finished: finished,
	})},
	"an init container failed": {func(p *corev1.Pod) {
		withMain(corev1.PodFailed, waits("agent", "PodInitializing", ""))(p)
		p.Status.InitContainerStatuses = []corev1.ContainerStatus{ended("clone", 128, "Error", "no such branch", 0)}
	}, ran(worker.Observation{
		Phase: worker.PhaseFailed, Reason: "Error", Message: `container "clone": no such branch`, Container: "clone", ExitCode: new(128), Finished: finished,
	})},
	"Unknown 255": {
		withMain(corev1.PodFailed, ended("agent", 255, "Unknown", "", 0)),
		ran(worker.Observation{
			Phase: worker.PhaseFailed, EndUnknown: true, Reason: "Unknown", Message: unseen + "255 is the node's, which restarted or lost it.",
			Finished: finished,
		}),
	},
	"ContainerStatusUnknown 137, a sidecar runs": {
		withMain(corev1.PodRunning, ended("agent", 137, "ContainerStatusUnknown", "could not be located", 0), runs("dind")),
		ran(worker.Observation{
			Phase: worker.PhaseRunning, MainEnded: true, EndUnknown: true, Reason: "ContainerStatusUnknown",
			Message: unseen + "137 is the node's, which restarted or lost it. could not be located", Finished: finished,
		}),
	},
	"255 of the program": {
		withMain(corev1.PodFailed, ended("agent", 255, "Error", "", 0)), agentEnded(worker.PhaseFailed, "Error", "", 255),
	},
	"137 of the program": {
		withMain(corev1.PodFailed, ended("agent", 137, "Error", "", 0)), agentEnded(worker.PhaseFailed, "Error", "", 137),
	},
	"ended with 0, another's end is made up": {
		withMain(corev1.PodFailed, ended("agent", 0, "Completed", "", 0), ended("dind", 255, "Unknown", "", 0)),
		agentEnded(worker.PhaseSucceeded, "Completed", `container "dind" ended with 255 (Unknown)`, 0),
	},
	"none named, one end is made up and one is not": {func(p *corev1.Pod) {
		withMain(corev1.PodFailed, ended("a", 255, "Unknown", "", -time.Second), ended("b", 3, "Error", "", 0))(p)
		delete(p.Annotations, templates.MainKey)
	}, ran(worker.Observation{
		Phase: worker.PhaseFailed, Reason: "Error", Message: `container "b"`, Container: "b", ExitCode: new(3), Finished: finished,
	})},
	"past its deadline, its end is made up": {func(p *corev1.Pod) {
		withMain(corev1.PodFailed, ended("agent", 137, "ContainerStatusUnknown", "", 0))(p)
		p.Status.Reason, p.Status.Message = "DeadlineExceeded", "Pod was active too long"
	}, ran(worker.Observation{Phase: worker.PhaseFailed, Reason: "DeadlineExceeded", Message: "Pod was active too long", Finished: finished})},
	"evicted, its end is made up": {func(p *corev1.Pod) {
		withMain(corev1.PodFailed, ended("agent", 137, "ContainerStatusUnknown", "", 0))(p)
		p.Status.Conditions = []corev1.PodCondition{disrupted}
	}, ran(worker.Observation{
		Phase: worker.PhaseFailed, Disrupted: true, Reason: "DeletionByTaintManager", Message: "Taint manager: deleting", Finished: finished,
	})},
}

// failedFor is a Pod that failed for a reason of its own, with or without a trace of what ran.
func failedFor(reason, message string, statuses ...corev1.ContainerStatus) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		withMain(corev1.PodFailed, statuses...)(p)
		p.Status.Reason, p.Status.Message = reason, message
	}
}

const (
	rejection  = "Pod was rejected: Allocate failed due to no healthy devices present"
	ownStorage = `Pod ephemeral local storage usage exceeds the total limit of containers 1Gi.`
)

// What the kubelet says of a Pod that it ends or does not admit.
var kubeletEnds = map[string]observation{
	"its emptyDir is too large": {
		failedFor("Evicted", `Usage of EmptyDir volume "cache" exceeds the limit "1Gi". `, ended("agent", 137, "Error", "", 0)),
		agentEnded(worker.PhaseFailed, "Evicted", `Usage of EmptyDir volume "cache" exceeds the limit "1Gi".`, 137),
	},
	"its container uses too much storage": {
		failedFor("Evicted", `Container agent exceeded its local ephemeral storage limit "1Gi". `, ended("agent", 137, "Error", "", 0)),
		agentEnded(worker.PhaseFailed, "Evicted", `Container agent exceeded its local ephemeral storage limit "1Gi".`, 137),
	},
	"it uses too much storage, and its status was wiped": {
		failedFor("Evicted", ownStorage), worker.Observation{Node: "n1", Phase: worker.PhaseFailed, Reason: "Evicted", Message: ownStorage},
	},
	"its storage is used up, its end is made up": {
		failedFor("Evicted", ownStorage, ended("agent", 137, "ContainerStatusUnknown", "", 0)),
		ran(worker.Observation{Phase: worker.PhaseFailed, Reason: "Evicted", Message: ownStorage, Finished: finished}),
	},
	"the node is low on storage": {
		failedFor("Evicted", "The node was low on resource: ephemeral-storage. Container agent was using 2Gi, which exceeds its limit.", runs("agent")),
		ran(worker.Observation{
			Phase: worker.PhaseFailed, Disrupted: true, Reason: "Evicted",
			Message: "The node was low on resource: ephemeral-storage. Container agent was using 2Gi, which exceeds its limit.",
		}),
	},
	"rejected, it never ran": {
		failedFor("UnexpectedAdmissionError", rejection),
		worker.Observation{Node: "n1", Phase: worker.PhaseFailed, Rejected: true, Reason: "UnexpectedAdmissionError", Message: rejection},
	},
	"rejected again, its container waits": {
		failedFor("OutOfcpu", "Pod was rejected: Node didn't have enough resource: cpu", waits("agent", "ContainerCreating", "")),
		worker.Observation{
			Node: "n1", Phase: worker.PhaseFailed, Rejected: true, Reason: "OutOfcpu", Message: "Pod was rejected: Node didn't have enough resource: cpu",
		},
	},
	"rejected again, it had ended": {
		failedFor("UnexpectedAdmissionError", rejection, ended("agent", 0, "Completed", "", 0)),
		ran(worker.Observation{
			Phase: worker.PhaseFailed, Rejected: true, Reason: "UnexpectedAdmissionError", Message: rejection, Container: "agent", ExitCode: new(0),
			Finished: finished,
		}),
	},
	"rejected again, its end is made up": {
		failedFor("NodeAffinity", "Pod was rejected: Predicate NodeAffinity failed", ended("agent", 137, "ContainerStatusUnknown", "", 0)),
		ran(worker.Observation{
			Phase: worker.PhaseFailed, Rejected: true, Reason: "NodeAffinity", Message: "Pod was rejected: Predicate NodeAffinity failed", Finished: finished,
		}),
	},
	"rejected by a node under pressure": {
		failedFor("Evicted", "Pod was rejected: The node had condition: [DiskPressure]. "), worker.Observation{
			Node: "n1", Phase: worker.PhaseFailed, Rejected: true, Reason: "Evicted", Message: "Pod was rejected: The node had condition: [DiskPressure].",
		},
	},
	"rejected by a node that shuts down": {
		failedFor("NodeShutdown", "Pod was rejected: Pod was rejected as the node is shutting down."), worker.Observation{
			Node: "n1", Phase: worker.PhaseFailed, Rejected: true, Reason: "NodeShutdown",
			Message: "Pod was rejected: Pod was rejected as the node is shutting down.",
		},
	},
	"another reason, it ran": {
		failedFor("Custom", "by an operator", ended("agent", 7, "Error", "", 0)), agentEnded(worker.PhaseFailed, "Custom", "by an operator", 7),
	},
}

func TestObserveMainContainer(t *testing.T) { testObserve(t, mainContainers) }

func TestObserveKubeletEnds(t *testing.T) { testObserve(t, kubeletEnds) }
