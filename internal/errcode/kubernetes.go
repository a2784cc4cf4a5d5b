package errcode

// kubernetesEntries are about Kubernetes.
var kubernetesEntries = []Entry{
	{
		TemplateParked, "API server refuses the template's Pods; retrying every 5 s",
		"A quota is reached, an admission policy or webhook refuses, or the spec is invalid; the line has the server's words. " +
			"Events of this template wait; other templates go on. What got no Pod for `OTTO_PENDING_TIMEOUT` fails as `Refused`.",
		"Raise the quota (`kubectl describe quota`), or correct the template or the policy. It goes on by itself.",
	},
	{
		CreateFailed, "Pod creation failed; retrying",
		"The API server is busy, down, or denies us the right; the line's error says which. Nothing fails, everything waits.",
		"If it denies: grant the rights the README lists under \"Use it\", or make the namespace again. Otherwise wait.",
	},
	{
		DeleteFailed, "Pod deletion failed; retrying",
		"As when creating fails, or somebody guards the Pod. Its worker's outcome is recorded already.",
		"Grant the verb `delete`, if the line's error says so.",
	},
	{
		WatchInterrupted, "pod watch interrupted; retrying",
		"The API server is down, or does not let us list and watch Pods. Starts go on, ends are seen later.",
		"Bring it back, or grant the verbs `list` and `watch`.",
	},
	{
		WatchExpired, "pod watch expired; relisting",
		"The API server could not go on with the old watch.",
		"Nothing. If it repeats every few seconds, the API server is overloaded.",
	},
	{
		LeadershipLost, "leadership lost",
		"The Lease could not be renewed in time, or somebody else took it. A standby, or this process, goes on with the work.",
		"Nothing, unless it repeats: then look whether the API server is slow, or this process is short of CPU.",
	},
	{
		LeaseUnavailable, "Lease unavailable; retrying",
		"The API server is down, or denies us `get`, `create` or `update` of Leases.",
		"Grant the verbs; without leader election run one replica with `OTTO_LEADER_ELECT=false`.",
	},
	{
		LeaseNotReleased, "Lease not released; a standby waits until it expires",
		"The API server did not answer while this process stopped.",
		"Nothing: a standby takes over 15 seconds later.",
	},
	{
		UntestedVersion, "untested Kubernetes version",
		"It is older than 1.34, or does not tell its version.",
		"Upgrade it; it may do well nevertheless.",
	},
	{
		APIWarning, "API server warning",
		"It sends a warning with an answer, mostly that a template's Pods break a Pod Security level or use what will go.",
		"Do what the warning says in the template.",
	},
	{
		NameConflict, "Pod name taken by another owner; retrying",
		"Somebody made a Pod that is called like a worker. It is left alone; the worker fails as `NameTaken` after `OTTO_PENDING_TIMEOUT`.",
		"Delete or rename that Pod; give installations in one namespace different `OTTO_INSTANCE` names.",
	},
	{
		EventNotWritten, "Kubernetes Event not written; retrying later",
		"What needs a person is written as [Kubernetes Events](events.md), and the API server denies it or does not answer. Nothing else " +
			"is affected; it is tried again after five minutes, or half a minute.",
		"Grant the verbs `create` and `patch` of `events.events.k8s.io` in the namespace of the Lease. The log has all that is not told.",
	},
}
