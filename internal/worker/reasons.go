package worker

import (
	"slices"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
)

// Class is what kind of thing a reason tells of.
type Class uint8

// The classes of reasons.
const (
	ClassProgram        Class = iota // how the program ended, by itself or at its own limits
	ClassStart                       // what kept it from starting
	ClassInfrastructure              // the cluster ended the Pod: another attempt follows, as long as there are any
	ClassLost                        // nobody can say how it ended
	ClassRemoval                     // somebody took it away
)

// The reasons that are given here. All others are Kubernetes' own.
const (
	ReasonRefused       = "Refused"
	ReasonNameTaken     = "NameTaken"
	ReasonUnschedulable = "Unschedulable"
	ReasonNodeLost      = "NodeLost"
	ReasonMissing       = "Missing"
	ReasonRecordLost    = "RecordLost"
	ReasonDeleted       = "Deleted"
	ReasonScaledDown    = "ScaledDown"
)

// Reason is why a worker waits, is retried or has ended: the one list that the verdict on a Pod, metric labels, `check`,
// Kubernetes Events, the alert OttoscalerWorkersCannotStart and the documentation derive from.
type Reason struct {
	Name      string // CamelCase, as on the status stream
	Class     Class
	Code      errcode.Code // empty: a person can do nothing about it, or the program's own end is the reason
	Waiting   Waiting      // what it means as the reason of a container that has not started
	Disrupted bool         // as the reason of a Pod: the kubelet ended it for the node's sake
	States    []State      // the states of a worker that can have it
	Cause     string       // for people, Markdown; empty without a Code
	Fix       string       // for people, Markdown; empty without a Code
}

// Reasons are all that are known, in the order of the documentation. A Pod may show others: they are kept as they are, and
// metrics count them as other.
func Reasons() []Reason { return slices.Clone(reasons) }

// ReasonOf returns the row of a reason; not ok: the name is none of the table's, and the row is zero but for its Name.
func ReasonOf(name string) (r Reason, ok bool) {
	if i := slices.IndexFunc(reasons, func(r Reason) bool { return r.Name == name }); i >= 0 {
		return reasons[i], true
	}
	return Reason{Name: name}, false
}

// ReasonNames are the names of those reasons that fit, sorted.
func ReasonNames(fits func(Reason) bool) []string {
	var names []string
	for _, r := range reasons {
		if fits(r) {
			names = append(names, r.Name)
		}
	}
	slices.Sort(names)
	return names
}

var reasons = []Reason{
	{Name: "Completed", Class: ClassProgram, States: []State{StateSucceeded}},
	{Name: "Error", Class: ClassProgram, States: []State{StateFailed}},
	{
		Name: "OOMKilled", Class: ClassProgram, Code: "OTTO508", States: []State{StateFailed},
		Cause: "The program used more memory than its limit.",
		Fix:   "Raise the limit in `OTTO_AGENT_LIMITS` or the template. It is not run again by itself.",
	},
	{
		Name: "DeadlineExceeded", Class: ClassProgram, Code: "OTTO509", States: []State{StateFailed},
		Cause: "The program ran longer than its deadline.",
		Fix:   "Raise `deadline_seconds`, the template's deadline or `OTTO_WORKER_DEADLINE`.",
	},
	{
		Name: ReasonRefused, Class: ClassStart, Code: "OTTO501", States: []State{StateFailed},
		Cause: "The API server refused the worker's Pod for `OTTO_PENDING_TIMEOUT`: see OTTO301.",
		Fix:   "Mend what the worker's `message` says, then send the event again.",
	},
	{
		Name: ReasonNameTaken, Class: ClassStart, Code: "OTTO502", States: []State{StateFailed},
		Cause: "A Pod that is not ours has the worker's name: see OTTO311.",
		Fix:   "Delete or rename that Pod, then send the event again.",
	},
	{
		Name: ReasonUnschedulable, Class: ClassStart, Code: "OTTO503", States: []State{StateFailed},
		Cause: "No node took the Pod for `OTTO_PENDING_TIMEOUT`; the worker's `message` has the scheduler's sentence.",
		Fix:   "Add nodes, or lower the requests in `OTTO_AGENT_REQUESTS` or the template; then send the event again.",
	},
	{
		Name: "ErrImagePull", Class: ClassStart, Code: "OTTO504", Waiting: WaitingImage, States: []State{StateFailed},
		Cause: "The node could not pull the image for `OTTO_IMAGE_PULL_TIMEOUT`; the `message` has the registry's words.",
		Fix:   "Correct `OTTO_AGENT_IMAGE` or the template's image, or its pull secret; then send the event again.",
	},
	{
		Name: "ImagePullBackOff", Class: ClassStart, Code: "OTTO505", Waiting: WaitingImage, States: []State{StateFailed},
		Cause: "As OTTO504, between two tries of the node.",
		Fix:   "Correct `OTTO_AGENT_IMAGE` or the template's image, or its pull secret; then send the event again.",
	},
	{
		Name: "ErrImageNeverPull", Class: ClassStart, Code: "OTTO517", Waiting: WaitingImage, States: []State{StateFailed},
		Cause: "The template forbids pulling (`imagePullPolicy: Never`), and the node does not have the image.",
		Fix:   "Put the image on the nodes, or let it be pulled; then send the event again.",
	},
	{
		Name: "ImageInspectError", Class: ClassStart, Code: "OTTO518", Waiting: WaitingImage, States: []State{StateFailed},
		Cause: "The node has the image and cannot read it: its image store is damaged.",
		Fix:   "Remove the image from the node, or drain the node; then send the event again.",
	},
	{
		Name: "RegistryUnavailable", Class: ClassStart, Code: "OTTO519", Waiting: WaitingImage, States: []State{StateFailed},
		Cause: "The node did not reach the image's registry for `OTTO_IMAGE_PULL_TIMEOUT`.",
		Fix:   "Get whether the registry is up and the node's way to it is free; then send the event again.",
	},
	{
		Name: "SignatureValidationFailed", Class: ClassStart, Code: "OTTO520", Waiting: WaitingImage, States: []State{StateFailed},
		Cause: "The node refuses the image: its signature is missing or wrong.",
		Fix:   "Sign the image, or correct the node's policy; then send the event again.",
	},
	{
		Name: "CreateContainerError", Class: ClassStart, Code: "OTTO513", Waiting: WaitingImage, States: []State{StateFailed},
		Cause: "The node could not make the container for `OTTO_IMAGE_PULL_TIMEOUT`: no command in the image, a volume that is not there, a " +
			"runtime that fails. The `message` has its words.",
		Fix: "Do what the `message` says in the template or on the node; then send the event again.",
	},
	{
		Name: "PreCreateHookError", Class: ClassStart, Code: "OTTO521", Waiting: WaitingImage, States: []State{StateFailed},
		Cause: "A hook of the node's fails before the container is made.",
		Fix:   "Get at the kubelet's log on that node; then send the event again.",
	},
	{
		Name: "PreStartHookError", Class: ClassStart, Code: "OTTO522", Waiting: WaitingImage, States: []State{StateFailed},
		Cause: "A hook of the node's fails before the container is started.",
		Fix:   "Get at the kubelet's log on that node; then send the event again.",
	},
	{
		Name: "RunContainerError", Class: ClassStart, Code: "OTTO514", Waiting: WaitingImage, States: []State{StateFailed},
		Cause: "The node could not start the container for `OTTO_IMAGE_PULL_TIMEOUT`, most often because the template's command is not in the image.",
		Fix:   "Correct the template's command; then send the event again.",
	},
	{
		Name: "InvalidImageName", Class: ClassStart, Code: "OTTO506", Waiting: WaitingBroken, States: []State{StateFailed},
		Cause: "The image's name is none.",
		Fix:   "Correct `OTTO_AGENT_IMAGE` or the template.",
	},
	{
		Name: "CreateContainerConfigError", Class: ClassStart, Code: "OTTO507", Waiting: WaitingBroken, States: []State{StateFailed},
		Cause: "The template refers to a Secret or ConfigMap that is not there, or the image runs as root where that is forbidden.",
		Fix:   "Make what is missing, or correct the template.",
	},
	{
		Name: "StartError", Class: ClassStart, Code: "OTTO515", States: []State{StateFailed},
		Cause: "The container was made and its program could not be started: it is not in the image, or may not be executed.",
		Fix:   "Correct the template's command or the image; then send the event again.",
	},
	{
		Name: "ContainerCannotRun", Class: ClassStart, Code: "OTTO516", States: []State{StateFailed},
		Cause: "As OTTO515, from another container runtime.",
		Fix:   "Correct the template's command or the image; then send the event again.",
	},
	{
		Name: "Evicted", Class: ClassInfrastructure, Code: "OTTO523", Disrupted: true, States: []State{StateRetrying, StateFailed},
		Cause: "The node ran out of memory, disk or processes and ended the Pod. The worker gets another, up to `OTTO_MAX_ATTEMPTS`.",
		Fix:   "Let the template request what its program uses, `ephemeral-storage` too.",
	},
	{
		Name: "Preempting", Class: ClassInfrastructure, Code: "OTTO524", Disrupted: true, States: []State{StateRetrying, StateFailed},
		Cause: "The kubelet ended the Pod to make place for a critical one. The worker gets another, up to `OTTO_MAX_ATTEMPTS`.",
		Fix:   "Nothing once; if it repeats, the nodes are too full.",
	},
	{
		Name: "NodeShutdown", Class: ClassInfrastructure, Code: "OTTO526", Disrupted: true, States: []State{StateRetrying, StateFailed},
		Cause: "The worker's node was shut down. The worker gets another Pod, up to `OTTO_MAX_ATTEMPTS`.",
		Fix:   "Nothing, unless it fails in the end: then send the event again.",
	},
	{
		Name: "Terminated", Class: ClassInfrastructure, Code: "OTTO527", Disrupted: true, States: []State{StateRetrying, StateFailed},
		Cause: "As OTTO526, in the words of another kubelet.",
		Fix:   "Nothing, unless it fails in the end: then send the event again.",
	},
	{
		Name: "PreemptionByScheduler", Class: ClassInfrastructure, Code: "OTTO525", States: []State{StateRetrying, StateFailed},
		Cause: "A Pod of a higher priority took the worker's place. The worker gets another, up to `OTTO_MAX_ATTEMPTS`.",
		Fix:   "Give the template a `priorityClassName`, or add nodes.",
	},
	{
		Name: "TerminationByKubelet", Class: ClassInfrastructure, Code: "OTTO528", States: []State{StateRetrying, StateFailed},
		Cause: "The kubelet ended the Pod: the node was shut down or short of something. The worker gets another, up to `OTTO_MAX_ATTEMPTS`.",
		Fix:   "The `message` says which; let the template request what its program uses.",
	},
	{
		Name: "DeletionByTaintManager", Class: ClassInfrastructure, Code: "OTTO529", States: []State{StateRetrying, StateFailed},
		Cause: "The node was tainted `NoExecute`: it is not ready, not reachable, or somebody is emptying it.",
		Fix:   "Get after the node; a worker that fails in the end is sent again.",
	},
	{
		Name: "DeletionByPodGC", Class: ClassInfrastructure, Code: "OTTO530", States: []State{StateRetrying, StateFailed},
		Cause: "The worker's node is gone from the cluster.",
		Fix:   "Nothing, if that was meant; a worker that fails in the end is sent again.",
	},
	{
		Name: "EvictionByEvictionAPI", Class: ClassInfrastructure, Code: "OTTO531", States: []State{StateRetrying, StateFailed},
		Cause: "Somebody, most often `kubectl drain` or an autoscaler, asked for the Pod's eviction. The worker gets another, up to " +
			"`OTTO_MAX_ATTEMPTS`.",
		Fix: "To keep workers that run from it, give the template the label a PodDisruptionBudget selects on.",
	},
	{
		Name: "UnexpectedAdmissionError", Class: ClassInfrastructure, Code: "OTTO532", States: []State{StateRetrying, StateFailed},
		Cause: "The node had taken the Pod and then turned it away. The worker gets another, up to `OTTO_MAX_ATTEMPTS`.",
		Fix:   "Nothing once; if it repeats, the `message` has the kubelet's words.",
	},
	{
		Name: "NodeAffinity", Class: ClassInfrastructure, Code: "OTTO533", States: []State{StateRetrying, StateFailed},
		Cause: "The node's labels changed while the Pod was on its way to it. The worker gets another, up to `OTTO_MAX_ATTEMPTS`.",
		Fix:   "Nothing once; if it repeats, find out who changes the labels.",
	},
	{
		Name: ReasonNodeLost, Class: ClassLost, Code: "OTTO510", Disrupted: true, States: []State{StateRetrying, StateFailed, StateLost},
		Cause: "The worker's node is out of reach for longer than ten minutes. What it did there nobody knows, so it is not run again.",
		Fix:   "Get after the node; send the event again if its work may be done twice.",
	},
	{
		Name: ReasonMissing, Class: ClassLost, Code: "OTTO511", States: []State{StateLost},
		Cause: "The Pod vanished and nobody saw how: somebody removed it by force, or it went while nobody watched.",
		Fix:   "Let nobody delete Pods with `--force`. Send the event again if its work may be done twice.",
	},
	{
		Name: ReasonRecordLost, Class: ClassLost, Code: "OTTO512", States: []State{StateLost},
		Cause: "Redis lost the worker's record, and there is no Pod of it.",
		Fix:   "Find out who emptied Redis. Send the event again if its work may be done twice.",
	},
	{
		Name: ReasonDeleted, Class: ClassRemoval, Code: "OTTO534", States: []State{StateRetrying, StateFailed, StateCancelled},
		Cause: "Somebody deleted the worker's Pod. If no node had it yet, the worker gets another; else it is `cancelled`.",
		Fix: "Send the event again if its work is still wanted. To take workers away send a `scale_down`. The API server's audit log says " +
			"who deleted.",
	},
	{Name: ReasonScaledDown, Class: ClassRemoval, States: []State{StateCancelled}},
}
