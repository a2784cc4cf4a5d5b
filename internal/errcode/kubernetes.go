package errcode

// kubernetesEntries are about Kubernetes.
var kubernetesEntries = []Entry{
	{
		TemplateParked, "API server refuses the template's Pods; retrying",
		"A quota is exhausted, an admission policy or webhook refuses, or the spec is invalid; the line has the API server's " +
			"message. Events of this template wait; other templates are not affected. Workers that get no Pod for " +
			"`OTTO_PENDING_TIMEOUT` fail as `Refused`.",
		"Raise the quota (`kubectl describe quota`), or correct the template or the policy. Workers then start without a restart.",
	},
	{
		CreateFailed, "Pod creation failed; retrying",
		"The API server is overloaded, down, or denies the permission; the error in the line says which. All events wait; none fails.",
		"If permission is denied, grant the permissions that the README lists under \"Use it\", or create the namespace again. " +
			"Otherwise wait.",
	},
	{
		DeleteFailed, "Pod deletion failed; retrying",
		"The API server is overloaded, down, or denies the permission, or an admission policy protects the Pod. The worker's outcome " +
			"is already recorded.",
		"Grant the verb `delete`, if the error in the line says so.",
	},
	{
		WatchInterrupted, "pod watch interrupted; retrying",
		"The API server is down, or denies listing and watching Pods. Workers still start; ends are observed later.",
		"Bring the API server back, or grant the verbs `list` and `watch`.",
	},
	{
		WatchExpired, "pod watch expired; relisting",
		"The API server could not continue the watch, so all Pods are listed again.",
		"Nothing. If it repeats every few seconds, the API server is overloaded.",
	},
	{
		LeadershipLost, "leadership lost",
		"The Lease was not renewed in time, or another replica took it. A standby, or this process, becomes leader and continues.",
		"Nothing, unless it repeats: then check whether the API server is slow or this process is short of CPU.",
	},
	{
		LeaseUnavailable, "Lease unavailable; retrying",
		"The API server is down, or denies `get`, `create` or `update` of Leases.",
		"Grant the verbs. To run without leader election, use one replica with `OTTO_LEADER_ELECT=false`.",
	},
	{
		LeaseNotReleased, "Lease not released; a standby waits until it expires",
		"The API server did not answer while this process stopped.",
		"Nothing: a standby becomes leader 15 seconds later.",
	},
	{
		UntestedVersion, "untested Kubernetes version",
		"The API server is older than 1.34, or does not report its version.",
		"Upgrade the cluster. Ottoscaler runs nevertheless.",
	},
	{
		APIWarning, "API server warning",
		"The API server returned a warning, most often that a template's Pods violate a Pod Security level or use a deprecated field.",
		"Change the template as the warning says.",
	},
	{
		NameConflict, "Pod name taken by another owner; retrying",
		"A Pod of another owner has the worker's name. It is not touched; the worker fails as `NameTaken` after `OTTO_PENDING_TIMEOUT`.",
		"Delete or rename that Pod; give installations in one namespace different `OTTO_INSTANCE` names.",
	},
	{
		EventNotWritten, "Kubernetes Event not written; retrying later",
		"Failures that need a person are written as [Kubernetes Events](events.md), and the API server denies that or does not " +
			"answer. Nothing else is affected; it is retried after five minutes where it is denied, otherwise after half a minute.",
		"Grant the verbs `create` and `patch` of `events.events.k8s.io` in the namespace of the Lease. The log has every failure too.",
	},
	{
		BreakerOpen, "API server accepts no Pods of a queue's template; one trial at a time",
		"Pods of one queue and template were refused several times in a row, a webhook cannot be called, or replies are lost; the line " +
			"has the API server's message. One Pod at a time is tried, at growing intervals of up to a minute. Pods of other queues, " +
			"templates and images are not affected.",
		"Correct the template, the policy, the webhook or the image, as the message says. The first Pod that is accepted opens the way " +
			"again; a changed template is tried at once.",
	},
	{
		PodsRelabelled, "admission changes the labels of worker Pods",
		"A mutating webhook or policy changed the labels by which the watch selects Pods. Such Pods are not lost: each is asked for by its " +
			"name every 30 seconds, so what happens to it is noticed later. Logged once.",
		"Make the webhook or the policy leave `managed-by` and the labels that begin with `ottoscaler.io/` alone.",
	},
}
