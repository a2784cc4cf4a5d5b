package worker

// reasons is the table, by class.
var reasons = []Reason{
	{Name: "Completed", Class: ClassProgram, States: []State{StateSucceeded}},
	{Name: "Error", Class: ClassProgram, States: []State{StateFailed}},
	{
		Name: "OOMKilled", Class: ClassProgram, Code: "OTTO508", States: []State{StateFailed},
		Cause: "The program used more memory than its limit. It is not retried.",
		Fix:   "Raise the limit in `OTTO_AGENT_LIMITS` or the template.",
	},
	{
		Name: "DeadlineExceeded", Class: ClassProgram, Code: "OTTO509", States: []State{StateFailed},
		Cause: "The program ran longer than its deadline.",
		Fix:   "Raise `deadline_seconds`, the template's deadline or `OTTO_WORKER_DEADLINE`.",
	},
	{
		Name: ReasonRefused, Class: ClassStart, Code: "OTTO501", States: []State{StateFailed},
		Cause: "The API server refused the worker's Pod for `OTTO_PENDING_TIMEOUT`, see OTTO301.",
		Fix:   "Fix what the worker's `message` says, then send the event again.",
	},
	{
		Name: ReasonStartDeadline, Class: ClassStart, Code: "OTTO549", States: []State{StateFailed},
		Cause: "The worker had no Pod within `start_deadline_seconds`, or its queue's `start_deadline`.",
		Fix:   "Raise the deadline, the queue's weight or cap, or `OTTO_MAX_WORKERS`; `ottoscaler get queues` shows what limits it.",
	},
	{
		Name: ReasonNameTaken, Class: ClassStart, Code: "OTTO502", States: []State{StateFailed},
		Cause: "A Pod of another owner has the worker's name, see OTTO311.",
		Fix:   "Delete or rename that Pod, then send the event again.",
	},
	{
		Name: ReasonUnschedulable, Class: ClassStart, Code: "OTTO503", States: []State{StateFailed},
		Cause: "No node accepted the Pod for `OTTO_PENDING_TIMEOUT`; the worker's `message` has the scheduler's explanation.",
		Fix:   "Add nodes, or lower the requests in `OTTO_AGENT_REQUESTS` or the template, then send the event again.",
	},
	{
		Name: "SchedulingGated", Class: ClassStart, Code: "OTTO539",
		Cause: "A scheduling gate holds the Pod back, such as that of a queueing system. The worker waits as long as the gate is there.",
		Fix:   "Nothing, if the Pod is to wait; else find the controller that should remove the gate, or remove it from the template.",
	},
	{
		Name: "SchedulerError", Class: ClassStart, Code: "OTTO540", States: []State{StateFailed},
		Cause: "The scheduler failed on the Pod for `OTTO_PENDING_TIMEOUT`; the worker's `message` has the error.",
		Fix:   "Fix what the `message` says, mostly in the template's affinity or volumes, then send the event again.",
	},
	{
		Name: ReasonStartTimeout, Class: ClassStart, Code: "OTTO550", States: []State{StateFailed},
		Cause: "The Pod had a node, and nothing of it started for `OTTO_START_TIMEOUT`: a volume, a claim, the Pod's network or an init " +
			"container did not come. The `message` has what it waited for and the newest warning of Kubernetes about the Pod.",
		Fix: "Create or correct what the `message` names, then send the event again. If starts are slow here, raise `OTTO_START_TIMEOUT`.",
	},
	{
		Name: "ErrImagePull", Class: ClassStart, Code: "OTTO504", Waiting: WaitingImage, States: []State{StateFailed},
		Cause: "The node could not pull the image for `OTTO_IMAGE_PULL_TIMEOUT`; the `message` has the registry's error.",
		Fix:   "Correct `OTTO_AGENT_IMAGE`, or the template's image or pull secret, then send the event again.",
	},
	{
		Name: "ImagePullBackOff", Class: ClassStart, Code: "OTTO505", Waiting: WaitingImage, States: []State{StateFailed},
		Cause: "As OTTO504; the node pauses between two attempts to pull.",
		Fix:   "Correct `OTTO_AGENT_IMAGE`, or the template's image or pull secret, then send the event again.",
	},
	{
		Name: "ErrImageNeverPull", Class: ClassStart, Code: "OTTO517", Waiting: WaitingImage, States: []State{StateFailed},
		Cause: "The template forbids pulling (`imagePullPolicy: Never`), and the node does not have the image.",
		Fix:   "Load the image onto the nodes, or allow pulling, then send the event again.",
	},
	{
		Name: "ImageInspectError", Class: ClassStart, Code: "OTTO518", Waiting: WaitingImage, States: []State{StateFailed},
		Cause: "The node has the image and cannot read it: its image store is damaged.",
		Fix:   "Remove the image from the node, or drain the node, then send the event again.",
	},
	{
		Name: "RegistryUnavailable", Class: ClassStart, Code: "OTTO519", Waiting: WaitingImage, States: []State{StateFailed},
		Cause: "The node did not reach the image's registry for `OTTO_IMAGE_PULL_TIMEOUT`.",
		Fix:   "Check that the registry is up and that the node can reach it, then send the event again.",
	},
	{
		Name: "SignatureValidationFailed", Class: ClassStart, Code: "OTTO520", Waiting: WaitingImage, States: []State{StateFailed},
		Cause: "The node refuses the image: its signature is missing or invalid.",
		Fix:   "Sign the image, or correct the node's policy, then send the event again.",
	},
	{
		Name: "CreateContainerError", Class: ClassStart, Code: "OTTO513", Waiting: WaitingImage, States: []State{StateFailed},
		Cause: "The node could not create the container for `OTTO_IMAGE_PULL_TIMEOUT`: the image has no command, a volume is missing, " +
			"or the container runtime fails. The `message` has the runtime's error.",
		Fix: "Fix what the `message` says, in the template or on the node, then send the event again.",
	},
	{
		Name: "PreCreateHookError", Class: ClassStart, Code: "OTTO521", Waiting: WaitingImage, States: []State{StateFailed},
		Cause: "The kubelet could not prepare the creation of the container for `OTTO_IMAGE_PULL_TIMEOUT`.",
		Fix:   "Read the kubelet's log on that node and fix what it says, then send the event again.",
	},
	{
		Name: "PreStartHookError", Class: ClassStart, Code: "OTTO522", Waiting: WaitingImage, States: []State{StateFailed},
		Cause: "The kubelet could not prepare the start of the container for `OTTO_IMAGE_PULL_TIMEOUT`.",
		Fix:   "Read the kubelet's log on that node and fix what it says, then send the event again.",
	},
	{
		Name: "RunContainerError", Class: ClassStart, Code: "OTTO514", Waiting: WaitingImage, States: []State{StateFailed},
		Cause: "The node could not start the container for `OTTO_IMAGE_PULL_TIMEOUT`, most often because the image does not have the " +
			"template's command.",
		Fix: "Correct the template's command, then send the event again.",
	},
	{
		Name: "InvalidImageName", Class: ClassStart, Code: "OTTO506", Waiting: WaitingBroken, States: []State{StateFailed},
		Cause: "The image's name is invalid.",
		Fix:   "Correct `OTTO_AGENT_IMAGE` or the template, then send the event again.",
	},
	{
		Name: "CreateContainerConfigError", Class: ClassStart, Code: "OTTO507", Waiting: WaitingBroken, States: []State{StateFailed},
		Cause: "The template refers to a missing Secret or ConfigMap, or the image runs as root where that is forbidden. What the node may " +
			"still get, such as a Secret that it has not read yet, is waited for as long as `OTTO_IMAGE_PULL_TIMEOUT`.",
		Fix: "Create what is missing, or correct the template, then send the event again.",
	},
	{
		Name: "StartError", Class: ClassStart, Code: "OTTO515", States: []State{StateFailed},
		Cause: "The container was created and its program could not be started: the image does not have it, or it is not executable.",
		Fix:   "Correct the template's command or the image, then send the event again.",
	},
	{
		Name: "ContainerCannotRun", Class: ClassStart, Code: "OTTO516", States: []State{StateFailed},
		Cause: "As OTTO515, reported by another container runtime.",
		Fix:   "Correct the template's command or the image, then send the event again.",
	},
	{
		Name: "CrashLoopBackOff", Class: ClassStart, Code: "OTTO537", Waiting: WaitingStart, States: []State{StateFailed},
		Cause: "A sidecar or init container of the template ends again and again, and the node pauses before it restarts it. If nothing " +
			"else of the Pod starts for `OTTO_START_TIMEOUT`, the worker has failed.",
		Fix: "Correct that container in the template; `kubectl logs POD -c CONTAINER --previous` shows how it ended.",
	},
	{
		Name: "PostStartHookError", Class: ClassStart, Code: "OTTO538", Waiting: WaitingStart, States: []State{StateFailed},
		Cause: "The `postStart` hook of a container fails, and the node restarts the container. If nothing else of the Pod starts for " +
			"`OTTO_START_TIMEOUT`, the worker has failed.",
		Fix: "Correct the hook in the template.",
	},
	{
		Name: "Evicted", Class: ClassInfrastructure, Code: "OTTO523", Disrupted: true, States: rejectedStates(),
		Cause: "The node ran out of memory, disk or process IDs and evicted the Pod: the worker is retried up to `OTTO_MAX_ATTEMPTS`. Or " +
			"the Pod used more ephemeral storage, or more of an `emptyDir`, than its own limit: the worker has failed, as it would again. " +
			"The `message` says which.",
		Fix: "Request in the template what the program uses, including `ephemeral-storage`; or raise the limit that the `message` names.",
	},
	{
		Name: "Preempting", Class: ClassInfrastructure, Code: "OTTO524", Disrupted: true, States: []State{StateRetrying, StateFailed},
		Cause: "The kubelet ended the Pod to free resources for a critical one. The worker is retried up to `OTTO_MAX_ATTEMPTS`.",
		Fix:   "Nothing, if it happens once; if it repeats, add nodes.",
	},
	{
		Name: "NodeShutdown", Class: ClassInfrastructure, Code: "OTTO526", Disrupted: true, States: rejectedStates(),
		Cause: "The worker's node was shutting down. The worker is retried up to `OTTO_MAX_ATTEMPTS`.",
		Fix:   "Nothing, unless the worker failed: then send the event again.",
	},
	{
		Name: "Terminated", Class: ClassInfrastructure, Code: "OTTO527", Disrupted: true, States: []State{StateRetrying, StateFailed},
		Cause: "The worker's node was shut down and ended the Pod that ran on it. The worker is retried up to `OTTO_MAX_ATTEMPTS`.",
		Fix:   "Nothing, unless the worker failed: then send the event again.",
	},
	{
		Name: "PreemptionByScheduler", Class: ClassInfrastructure, Code: "OTTO525", States: []State{StateRetrying, StateFailed},
		Cause: "The scheduler preempted the Pod for one of a higher priority. The worker is retried up to `OTTO_MAX_ATTEMPTS`.",
		Fix:   "Give the template a `priorityClassName`, or add nodes.",
	},
	{
		Name: "TerminationByKubelet", Class: ClassInfrastructure, Code: "OTTO528", States: []State{StateRetrying, StateFailed},
		Cause: "The kubelet ended the Pod: the node was shut down or ran out of a resource. The worker is retried up to " +
			"`OTTO_MAX_ATTEMPTS`.",
		Fix: "Read the worker's `message` for which of them, and request in the template what the program uses.",
	},
	{
		Name: "DeletionByTaintManager", Class: ClassInfrastructure, Code: "OTTO529", States: []State{StateRetrying, StateFailed},
		Cause: "The node has a `NoExecute` taint: it is not ready, unreachable, or being drained. The worker is retried up to " +
			"`OTTO_MAX_ATTEMPTS`.",
		Fix: "Check the node; if the worker failed, send the event again.",
	},
	{
		Name: "DeletionByDeviceTaintManager", Class: ClassInfrastructure, Code: "OTTO546", States: []State{StateRetrying, StateFailed},
		Cause: "A device of the Pod has a `NoExecute` taint. The worker is retried up to `OTTO_MAX_ATTEMPTS`.",
		Fix:   "Check the device; if the worker failed, send the event again.",
	},
	{
		Name: "DeletionByPodGC", Class: ClassInfrastructure, Code: "OTTO530", States: []State{StateRetrying, StateFailed},
		Cause: "The worker's node was removed from the cluster. The worker is retried up to `OTTO_MAX_ATTEMPTS`.",
		Fix:   "Nothing, if that was intended; if the worker failed, send the event again.",
	},
	{
		Name: "EvictionByEvictionAPI", Class: ClassInfrastructure, Code: "OTTO531", States: []State{StateRetrying, StateFailed},
		Cause: "The Pod was evicted through the API, most often by `kubectl drain` or an autoscaler. The worker is retried up to " +
			"`OTTO_MAX_ATTEMPTS`.",
		Fix: "To protect running workers, give the template the labels that a PodDisruptionBudget selects.",
	},
	{
		Name: "UnexpectedAdmissionError", Class: ClassInfrastructure, Code: "OTTO532", Rejected: true, States: rejectedStates(),
		Cause: "The kubelet rejected the Pod after it was bound to the node. The worker is retried up to `OTTO_MAX_ATTEMPTS`; but if it ran " +
			"before, and was rejected when the kubelet restarted, what it did is unknown: it is `lost` and not retried.",
		Fix: "Nothing, if it happens once; if it repeats, the `message` has the kubelet's error.",
	},
	{
		Name: "NodeAffinity", Class: ClassInfrastructure, Code: "OTTO533", Rejected: true, States: rejectedStates(),
		Cause: "The node's labels changed after the Pod was bound to it. The worker is retried up to `OTTO_MAX_ATTEMPTS`.",
		Fix:   "Nothing, if it happens once; if it repeats, find out who changes the labels.",
	},
	{
		Name: "OutOfcpu", Class: ClassInfrastructure, Code: "OTTO541", Rejected: true, States: rejectedStates(),
		Cause: "The kubelet rejected the Pod: the node has less free CPU than the scheduler assumed. The worker is retried up to " +
			"`OTTO_MAX_ATTEMPTS`.",
		Fix: "Nothing, if it happens once; if it repeats, find Pods that bypass the scheduler, such as static ones.",
	},
	{
		Name: "OutOfmemory", Class: ClassInfrastructure, Code: "OTTO542", Rejected: true, States: rejectedStates(),
		Cause: "The kubelet rejected the Pod: the node has less free memory than the scheduler assumed. The worker is retried up to " +
			"`OTTO_MAX_ATTEMPTS`.",
		Fix: "Nothing, if it happens once; if it repeats, find Pods that bypass the scheduler, such as static ones.",
	},
	{
		Name: "OutOfephemeral-storage", Class: ClassInfrastructure, Code: "OTTO543", Rejected: true, States: rejectedStates(),
		Cause: "The kubelet rejected the Pod: the node has less free ephemeral storage than the scheduler assumed. The worker is " +
			"retried up to `OTTO_MAX_ATTEMPTS`.",
		Fix: "Nothing, if it happens once; if it repeats, find Pods that bypass the scheduler, such as static ones.",
	},
	{
		Name: "OutOfpods", Class: ClassInfrastructure, Code: "OTTO544", Rejected: true, States: rejectedStates(),
		Cause: "The kubelet rejected the Pod: the node has as many Pods as it may. The worker is retried up to `OTTO_MAX_ATTEMPTS`.",
		Fix:   "Nothing, if it happens once; if it repeats, find Pods that bypass the scheduler, such as static ones.",
	},
	{
		Name: "EmptyPodSharedPoolError", Class: ClassInfrastructure, Code: "OTTO545", Rejected: true, States: rejectedStates(),
		Cause: "The kubelet rejected the Pod: its exclusive CPUs leave none for its other containers. The worker is retried up to " +
			"`OTTO_MAX_ATTEMPTS`.",
		Fix: "Correct the CPU requests in the template.",
	},
	{
		Name: ReasonNodeLost, Class: ClassLost, Code: "OTTO510", Disrupted: true, States: []State{StateRetrying, StateFailed, StateLost},
		Cause: "The worker's node is unreachable. If Kubernetes ended the Pod, the worker is retried up to `OTTO_MAX_ATTEMPTS`. If the Pod " +
			"was still terminating ten minutes past its grace period, or tolerates that its node has not been ready for ten minutes, what " +
			"it did is unknown: it is `lost` and not retried.",
		Fix: "Check the node; send the event again if its work may be done twice.",
	},
	{
		Name: ReasonMissing, Class: ClassLost, Code: "OTTO511", States: []State{StateLost},
		Cause: "The Pod disappeared and its end was not observed: it was deleted by force, or while nothing watched.",
		Fix:   "Do not delete Pods with `--force`. Send the event again if its work may be done twice.",
	},
	{
		Name: ReasonRecordLost, Class: ClassLost, Code: "OTTO512", States: []State{StateLost},
		Cause: "Redis lost the worker's record, and no Pod of it exists.",
		Fix:   "Find out why Redis lost data. Send the event again if its work may be done twice.",
	},
	{
		Name: "ContainerStatusUnknown", Class: ClassLost, Code: "OTTO547", Unknown: true, States: []State{StateLost},
		Cause: "The node lost the container, so its end is unknown. The exit code 137 that the node reports is not the program's.",
		Fix:   "Check the node; send the event again if its work may be done twice.",
	},
	{
		Name: "Unknown", Class: ClassLost, Code: "OTTO551", Unknown: true, States: []State{StateLost},
		Cause: "The node or its container runtime was restarted under the running container, so its end is unknown. The exit code 255 that " +
			"the node reports is not the program's.",
		Fix: "Drain a node before its runtime is restarted; send the event again if its work may be done twice.",
	},
	{
		Name: ReasonDeleted, Class: ClassRemoval, Code: "OTTO534", States: []State{StateRetrying, StateFailed, StateCancelled},
		Cause: "The worker's Pod was deleted. If it was not yet bound to a node, the worker is retried; else it is `cancelled`.",
		Fix: "Send the event again if its work is still wanted. To remove workers send a `scale_down`. The API server's audit log " +
			"has the user who deleted it.",
	},
	{Name: ReasonScaledDown, Class: ClassRemoval, States: []State{StateCancelled}},
	{Name: ReasonCancelled, Class: ClassRemoval, States: []State{StateCancelled}},
}

// rejectedStates are those after a reason for which the kubelet rejects a Pod: one that ran before, and is admitted anew when
// the kubelet restarts, is lost.
func rejectedStates() []State { return []State{StateRetrying, StateFailed, StateLost} }
