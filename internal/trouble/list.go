package trouble

// all are in the order of their codes: 1 the start, 2 Redis, 3 Kubernetes, 4 events and their workers, 5 reasons on the
// status stream that a person can do something about, 6 what `ottoscaler check` finds.
var all = []Trouble{
	{
		"OTTO101", Configuration,
		"An environment variable has a value it cannot take; the line names it, what it got and what it takes. Exit code 2.",
		"Correct the variable; [configuration.md](configuration.md) lists them all.",
	},
	{
		"OTTO102", Template,
		"A file in the folder `OTTO_WORKER_TEMPLATES` is no PodTemplateSpec that may be run; the line names the file and the field. Exit code 2.",
		"Correct the file. `kubectl apply --dry-run=server` of a Pod with its spec shows what the API server thinks of it.",
	},
	{
		"OTTO103", Port,
		"The address in `OTTO_HTTP_ADDR`, or `--pprof`, is taken by another process, or is none of this machine's. Exit code 1.",
		"Choose another, such as `OTTO_HTTP_ADDR=127.0.0.1:8081`; `ss -ltnp` shows who has which.",
	},
	{
		"OTTO104", Redis,
		"Redis did not answer within ten seconds, or refuses us: the address, the password, the TLS files or its version are " +
			"wrong. The line says which. Exit code 1, or 2 where a file cannot be read.",
		"Try the same with `redis-cli -h HOST -p PORT ping`, then correct the `REDIS_` variable. Redis 7.0 or later is needed.",
	},
	{
		"OTTO105", Kubernetes,
		"The API server did not answer within ten seconds, or refuses our credentials. Exit code 1.",
		"Try `kubectl version` with the same `KUBECONFIG`; inside a cluster look for a NetworkPolicy that keeps us from the API server.",
	},
	{
		"OTTO106", Access,
		"This is no Pod, and neither `KUBECONFIG` nor `~/.kube/config` names a cluster; or the file cannot be read. Exit code 1.",
		"Set `KUBECONFIG` to a file that `kubectl` works with.",
	},
	{
		"OTTO107", "an environment variable is not known and ignored",
		"A variable begins with `OTTO_` and means nothing here: a slip of the pen, or one of another version.",
		"Correct or remove it; the line guesses what was meant.",
	},

	{
		"OTTO201", "reading the stream failed, trying again",
		"Redis does not answer, is loading, or refuses the read. Pods go on meanwhile, and what became of them is recorded afterwards.",
		"Bring Redis back; nothing else is needed. After a failover nothing is either.",
	},
	{
		"OTTO202", "starting over from the records",
		"A write to Redis failed or its reply was lost, so what was written is read anew. Once now and then this is how it should be.",
		"If it repeats, the line's error says what Redis refuses: memory (`OOM`), disk (`MISCONF`), rights (`NOPERM`), a replica (`READONLY`).",
	},
	{
		"OTTO203", "nothing is done: the stream belongs to another installation",
		"Two installations use one stream; the other one has it. Nothing is written, and `/readyz` says no.",
		"Give each its own `REDIS_STREAM`; or, to move the stream here on purpose, stop the other one and run the command in the line.",
	},
	{
		"OTTO204", "Redis was emptied: writing the records of the open events anew",
		"Somebody ran FLUSHALL, or Redis came back without its data. What was in memory is written anew.",
		"Find out who; use an append-only file and `maxmemory-policy noeviction`. What was closed before is forgotten.",
	},
	{
		"OTTO205", "the stream is a new one: all of it is read, and the mark is forgotten",
		"The stream was deleted and begun again with lower IDs.",
		"Nothing, if that was meant. Producers must not delete the stream: trim it, or let `OTTO_STREAM_RETENTION` do it.",
	},
	{
		"OTTO206", "the stream was not trimmed",
		"A pass of the janitor failed; the next one, a minute later, may do better.",
		"Nothing, unless it repeats: then the line's error says why.",
	},
	{
		"OTTO207", "a consumer group is abandoned: entries are trimmed although it has not dealt with them",
		"A second consumer group of the stream has not read for longer than `OTTO_STREAM_RETENTION`.",
		"Remove it with `XGROUP DESTROY`, or start its reader again.",
	},
	{
		"OTTO208", "record ignored",
		"The record of an open event cannot be read: somebody wrote to a key of ours. The event and its Pods are left alone.",
		"Look at the key with `HGETALL`, mend or delete the field that the line names, and restart.",
	},
	{
		"OTTO209", "record missing",
		"An event is in the open set and has no record: somebody deleted or evicted a key. Its Pods, if it has any, tell what it was.",
		"Set `maxmemory-policy noeviction`; take the ID off the open set with `SREM` if the event is over.",
	},
	{
		"OTTO210", "open event ignored",
		"A member of the open set is no entry ID: somebody wrote it.",
		"Remove it with `SREM`.",
	},
	{
		"OTTO211", "idempotency key ignored",
		"The value of an idempotency key is not one of ours: somebody wrote it. The entry was taken in as if nobody held the key.",
		"Find out who writes to keys with the stream's name in braces.",
	},

	{
		"OTTO301", "the API server refuses the template's Pods, trying again every five seconds",
		"A quota is reached, an admission policy or webhook refuses, or the spec is invalid; the line has the server's words. " +
			"Events of this template wait; other templates go on. What got no Pod for `OTTO_PENDING_TIMEOUT` fails as `Refused`.",
		"Raise the quota (`kubectl describe quota`), or correct the template or the policy. It goes on by itself.",
	},
	{
		"OTTO302", "creating Pods failed, trying again",
		"The API server is busy, down, or denies us the right; the line's error says which. Nothing fails, everything waits.",
		"If it denies: grant the rights the README lists under \"Use it\", or make the namespace again. Otherwise wait.",
	},
	{
		"OTTO303", "deleting a Pod failed, trying again",
		"As when creating fails, or somebody guards the Pod. Its worker's outcome is recorded already.",
		"Grant the verb `delete`, if the line's error says so.",
	},
	{
		"OTTO304", "the watch of Pods is interrupted, trying again",
		"The API server is down, or does not let us list and watch Pods. Starts go on, ends are seen later.",
		"Bring it back, or grant the verbs `list` and `watch`.",
	},
	{
		"OTTO305", "the watch of Pods was interrupted, they are listed anew",
		"The API server could not go on with the old watch.",
		"Nothing. If it repeats every few seconds, the API server is overloaded.",
	},
	{
		"OTTO306", "leadership is lost",
		"The Lease could not be renewed in time, or somebody else took it. A standby, or this process, goes on with the work.",
		"Nothing, unless it repeats: then look whether the API server is slow, or this process is short of CPU.",
	},
	{
		"OTTO307", "the Lease cannot be read or written, trying again",
		"The API server is down, or denies us `get`, `create` or `update` of Leases.",
		"Grant the verbs; without leader election run one replica with `OTTO_LEADER_ELECT=false`.",
	},
	{
		"OTTO308", "the Lease was not released: a standby waits until it has expired",
		"The API server did not answer while this process stopped.",
		"Nothing: a standby takes over 15 seconds later.",
	},
	{
		"OTTO309", "the API server's version was not tested with",
		"It is older than 1.34, or does not tell its version.",
		"Upgrade it; it may do well nevertheless.",
	},
	{
		"OTTO310", "the API server warns",
		"It sends a warning with an answer, mostly that a template's Pods break a Pod Security level or use what will go.",
		"Do what the warning says in the template.",
	},
	{
		"OTTO311", "a Pod that is not ours has the worker's name, trying again",
		"Somebody made a Pod that is called like a worker. It is left alone; the worker fails as `NameTaken` after `OTTO_PENDING_TIMEOUT`.",
		"Delete or rename that Pod; give installations in one namespace different `OTTO_INSTANCE` names.",
	},
	{
		"OTTO312", "an Event could not be written, trying again later",
		"What needs a person is written as [Kubernetes Events](events.md), and the API server denies it or does not answer. Nothing else " +
			"is affected; it is tried again after five minutes, or half a minute.",
		"Grant the verbs `create` and `patch` of `events.events.k8s.io` in the namespace of the Lease. The log has all that is not told.",
	},

	{
		"OTTO401", Rejected,
		"A producer sent what is no valid event; it is a dead letter now. The line has the reason and its code.",
		"Correct the producer. `ottoscaler dead list` shows the letters, `ottoscaler dead redrive` sends a mended one again.",
	},
	{
		"OTTO402", "so many events wait for room that reading rests",
		"`OTTO_MAX_WAITING_EVENTS` wait. Until some have started, no new event is seen, a scale_down neither.",
		"Raise `OTTO_MAX_WORKERS`, or find out why workers do not end or do not start.",
	},
	{
		"OTTO403", "an event is left alone, its record cannot be read",
		"As OTTO208, of an entry that was delivered again.",
		"As there.",
	},
	{
		"OTTO404", "a Pod claims a slot that its event does not have, it is left alone",
		"Somebody made a Pod with our labels, or changed its annotations.",
		"Delete it.",
	},
	{
		"OTTO405", "a Pod came after its worker's outcome, it is deleted",
		"A creation that was given up arrived late.",
		"Nothing. It did not count.",
	},
	{
		"OTTO406", "the event of a Pod of ours is not in hand, the Pod is left alone",
		"Its record is there but cannot be read, or is open and not listed as such: somebody wrote to our keys.",
		"As OTTO208.",
	},
	{
		"OTTO407", "a Pod of ours has no record",
		"Redis lost records. The event is rebuilt from its Pods.",
		"As OTTO204.",
	},
	{
		"OTTO408", "a Pod of ours has no record and does not tell its event, it is left alone",
		"Redis lost the record, and somebody removed the Pod's annotations.",
		"Delete the Pod if it is not needed any more.",
	},
	{
		"OTTO409", "an event is rebuilt from its Pods",
		"The end of OTTO407.",
		"As OTTO204.",
	},
	{
		"OTTO410", "stopped with work in flight: the next start goes on with it",
		"The grace period of 20 seconds was over, or Redis or the API server did not answer while it stopped.",
		"Nothing: the records say what is missing.",
	},

	{
		"OTTO501", "Refused",
		"The API server refused the worker's Pod for `OTTO_PENDING_TIMEOUT`: see OTTO301.",
		"Mend what the worker's `message` says, then send the event again.",
	},
	{
		"OTTO502", "NameTaken",
		"A Pod that is not ours has the worker's name: see OTTO311.",
		"Delete or rename that Pod, then send the event again.",
	},
	{
		"OTTO503", "Unschedulable",
		"No node took the Pod for `OTTO_PENDING_TIMEOUT`; the worker's `message` has the scheduler's sentence.",
		"Add nodes, or lower the requests in `OTTO_AGENT_REQUESTS` or the template; then send the event again.",
	},
	{
		"OTTO504", "ErrImagePull",
		"The node could not pull the image for `OTTO_IMAGE_PULL_TIMEOUT`; the `message` has the registry's words.",
		"Correct `OTTO_AGENT_IMAGE` or the template's image, or its pull secret; then send the event again.",
	},
	{
		"OTTO505", "ImagePullBackOff",
		"As OTTO504, between two tries of the node.",
		"Correct `OTTO_AGENT_IMAGE` or the template's image, or its pull secret; then send the event again.",
	},
	{
		"OTTO506", "InvalidImageName",
		"The image's name is none.",
		"Correct `OTTO_AGENT_IMAGE` or the template.",
	},
	{
		"OTTO507", "CreateContainerConfigError",
		"The template refers to a Secret or ConfigMap that is not there, or the image runs as root where that is forbidden.",
		"Make what is missing, or correct the template.",
	},
	{
		"OTTO508", "OOMKilled",
		"The program used more memory than its limit.",
		"Raise the limit in `OTTO_AGENT_LIMITS` or the template. It is not run again by itself.",
	},
	{
		"OTTO509", "DeadlineExceeded",
		"The program ran longer than its deadline.",
		"Raise `deadline_seconds`, the template's deadline or `OTTO_WORKER_DEADLINE`.",
	},
	{
		"OTTO510", "NodeLost",
		"The worker's node is out of reach for longer than ten minutes. What it did there nobody knows, so it is not run again.",
		"Look after the node; send the event again if its work may be done twice.",
	},
	{
		"OTTO511", "Missing",
		"The Pod vanished and nobody saw how: somebody removed it by force, or it went while nobody watched.",
		"Let nobody delete Pods with `--force`. Send the event again if its work may be done twice.",
	},
	{
		"OTTO512", "RecordLost",
		"Redis lost the worker's record, and there is no Pod of it.",
		"Find out who emptied Redis. Send the event again if its work may be done twice.",
	},

	{
		"OTTO513", "CreateContainerError",
		"The node could not make the container for `OTTO_IMAGE_PULL_TIMEOUT`: no command in the image, a volume that is not there, a " +
			"runtime that fails. The `message` has its words.",
		"Do what the `message` says in the template or on the node; then send the event again.",
	},
	{
		"OTTO514", "RunContainerError",
		"The node could not start the container for `OTTO_IMAGE_PULL_TIMEOUT`, most often because the template's command is not in the image.",
		"Correct the template's command; then send the event again.",
	},
	{
		"OTTO515", "StartError",
		"The container was made and its program could not be started: it is not in the image, or may not be executed.",
		"Correct the template's command or the image; then send the event again.",
	},
	{
		"OTTO516", "ContainerCannotRun",
		"As OTTO515, from another container runtime.",
		"Correct the template's command or the image; then send the event again.",
	},
	{
		"OTTO517", "ErrImageNeverPull",
		"The template forbids pulling (`imagePullPolicy: Never`), and the node does not have the image.",
		"Put the image on the nodes, or let it be pulled; then send the event again.",
	},
	{
		"OTTO518", "ImageInspectError",
		"The node has the image and cannot read it: its image store is damaged.",
		"Remove the image from the node, or drain the node; then send the event again.",
	},
	{
		"OTTO519", "RegistryUnavailable",
		"The node did not reach the image's registry for `OTTO_IMAGE_PULL_TIMEOUT`.",
		"Look whether the registry is up and the node's way to it is free; then send the event again.",
	},
	{
		"OTTO520", "SignatureValidationFailed",
		"The node refuses the image: its signature is missing or wrong.",
		"Sign the image, or correct the node's policy; then send the event again.",
	},
	{
		"OTTO521", "PreCreateHookError",
		"A hook of the node's fails before the container is made.",
		"Look at the kubelet's log on that node; then send the event again.",
	},
	{
		"OTTO522", "PreStartHookError",
		"A hook of the node's fails before the container is started.",
		"Look at the kubelet's log on that node; then send the event again.",
	},
	{
		"OTTO523", "Evicted",
		"The node ran out of memory, disk or processes and ended the Pod. The worker gets another, up to `OTTO_MAX_ATTEMPTS`.",
		"Let the template request what its program uses, `ephemeral-storage` too.",
	},
	{
		"OTTO524", "Preempting",
		"The kubelet ended the Pod to make place for a critical one. The worker gets another, up to `OTTO_MAX_ATTEMPTS`.",
		"Nothing once; if it repeats, the nodes are too full.",
	},
	{
		"OTTO525", "PreemptionByScheduler",
		"A Pod of a higher priority took the worker's place. The worker gets another, up to `OTTO_MAX_ATTEMPTS`.",
		"Give the template a `priorityClassName`, or add nodes.",
	},
	{
		"OTTO526", "NodeShutdown",
		"The worker's node was shut down. The worker gets another Pod, up to `OTTO_MAX_ATTEMPTS`.",
		"Nothing, unless it fails in the end: then send the event again.",
	},
	{
		"OTTO527", "Terminated",
		"As OTTO526, in the words of another kubelet.",
		"Nothing, unless it fails in the end: then send the event again.",
	},
	{
		"OTTO528", "TerminationByKubelet",
		"The kubelet ended the Pod: the node was shut down or short of something. The worker gets another, up to `OTTO_MAX_ATTEMPTS`.",
		"The `message` says which; let the template request what its program uses.",
	},
	{
		"OTTO529", "DeletionByTaintManager",
		"The node was tainted `NoExecute`: it is not ready, not reachable, or somebody is emptying it.",
		"Look after the node; a worker that fails in the end is sent again.",
	},
	{
		"OTTO530", "DeletionByPodGC",
		"The worker's node is gone from the cluster.",
		"Nothing, if that was meant; a worker that fails in the end is sent again.",
	},
	{
		"OTTO531", "EvictionByEvictionAPI",
		"Somebody, most often `kubectl drain` or an autoscaler, asked for the Pod's eviction. The worker gets another, up to " +
			"`OTTO_MAX_ATTEMPTS`.",
		"To keep workers that run from it, give the template the label a PodDisruptionBudget selects on.",
	},
	{
		"OTTO532", "UnexpectedAdmissionError",
		"The node had taken the Pod and then turned it away. The worker gets another, up to `OTTO_MAX_ATTEMPTS`.",
		"Nothing once; if it repeats, the `message` has the kubelet's words.",
	},
	{
		"OTTO533", "NodeAffinity",
		"The node's labels changed while the Pod was on its way to it. The worker gets another, up to `OTTO_MAX_ATTEMPTS`.",
		"Nothing once; if it repeats, find out who changes the labels.",
	},
	{
		"OTTO534", "Deleted",
		"Somebody deleted the worker's Pod. If no node had it yet, the worker gets another; else it is `cancelled`.",
		"Send the event again if its work is still wanted. To take workers away send a `scale_down`. The API server's audit log says " +
			"who deleted.",
	},
	{
		"OTTO535", "trimmed",
		"Somebody deleted the entry from the source stream before it was taken in; only its ID is known. It is a dead letter.",
		"Send it again. Let nobody trim the source stream by length: `OTTO_STREAM_RETENTION` does it by age.",
	},
	{
		"OTTO536", "poison",
		"The entry was delivered five times and never taken in: its body may be what ends the process. It is a dead letter, and " +
			"still in the source stream.",
		"Look at it with `XRANGE STREAM ID ID`, mend its producer, and send it again.",
	},

	{
		"OTTO601", OldRedis,
		"Its version is below 7.0; streams and their groups work differently there.",
		"Upgrade Redis to 7.0 or later.",
	},
	{
		"OTTO602", Replica,
		"It takes no writes: `REDIS_HOST` names a replica.",
		"Name the master, or use `REDIS_SENTINEL_MASTER` and `REDIS_SENTINEL_ADDRS`.",
	},
	{
		"OTTO603", NoDisk,
		"There is no append-only file, so a restart of Redis loses events, records and outcomes.",
		"`redis-cli CONFIG SET appendonly yes`, and the same in its configuration file.",
	},
	{
		"OTTO604", Evicts,
		"`maxmemory-policy` is not `noeviction`: when its memory is full, Redis throws away keys, ours among them.",
		"`redis-cli CONFIG SET maxmemory-policy noeviction`, and the same in its configuration file.",
	},
	{
		"OTTO605", Denied,
		"The ACL of our user lacks commands that are needed; the line names them.",
		"`redis-cli ACL SETUSER USER +COMMAND` for each.",
	},
	{
		"OTTO606", Foreign,
		"Two installations use one stream, and the other one has it: this one would do nothing.",
		"Give each its own `REDIS_STREAM`; or stop the other one and delete the key with the stream's name in braces and `:owner`.",
	},
	{
		"OTTO607", NoGroup,
		"The consumer group does not exist: no replica has ever led with this `REDIS_CONSUMER_GROUP`.",
		"Start Ottoscaler; before that use `ottoscaler check --pre`.",
	},
	{
		"OTTO608", Stuck,
		"An entry was delivered more than an hour ago and is not acknowledged: not all of its workers have got a Pod.",
		"`ottoscaler explain` with the event's ID says why.",
	},
	{
		"OTTO609", NoRight,
		"The account that asks lacks a verb; the line names it.",
		"`kubectl create role` and `kubectl create rolebinding` with that verb, see the README under \"Use it\".",
	},
	{
		"OTTO610", RefusedNow,
		"A dry run of a Pod of the template was refused: quota, admission, Pod Security or an invalid spec, in the server's words.",
		"Raise the quota (`kubectl describe quota`), or correct the template or the policy.",
	},
	{
		"OTTO611", WrongClock,
		"This machine's clock and the API server's are more than five seconds apart. Ages are counted on the server's.",
		"Run an NTP client on both.",
	},
	{
		"OTTO612", NotAskedKube,
		"The API server answered something else, or not in time.",
		"Look at the API server: the line has its words. Then ask again.",
	},
	{
		"OTTO613", CannotStart,
		"Pods wait, or workers failed within the last quarter of an hour, for a reason without a code of its own; the line has " +
			"it, and the node's words.",
		"Mend what these words say, mostly in the template; then send what failed again.",
	},
}
