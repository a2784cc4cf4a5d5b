// Made by "npm run generate" from api/errors.json: change it there.

export const fixes: Record<string, { message: string; fix: string }> = {
  "OTTO101": {
    "message": "invalid configuration",
    "fix": "Correct the variable; [configuration.md](configuration.md) lists them all."
  },
  "OTTO102": {
    "message": "invalid worker template",
    "fix": "Correct the file. `kubectl apply --dry-run=server` of a Pod with its spec shows whether the API server accepts it."
  },
  "OTTO103": {
    "message": "cannot serve health and metrics",
    "fix": "Choose another, such as `OTTO_HTTP_ADDR=127.0.0.1:8081`; `ss -ltnp` lists the addresses in use."
  },
  "OTTO104": {
    "message": "cannot use Redis",
    "fix": "Try the same with `redis-cli -h HOST -p PORT ping`, then correct the `REDIS_` variable. Redis 7.0 or later is required."
  },
  "OTTO105": {
    "message": "cannot use Kubernetes",
    "fix": "Try `kubectl version` with the same `KUBECONFIG`; inside a cluster look for a NetworkPolicy that blocks the API server."
  },
  "OTTO106": {
    "message": "no access to a Kubernetes cluster",
    "fix": "Set `KUBECONFIG` to a file that `kubectl` works with."
  },
  "OTTO107": {
    "message": "unknown environment variable ignored",
    "fix": "Correct or remove it; the line suggests the name that was probably meant."
  },
  "OTTO108": {
    "message": "configuration not reloaded; the old one stays in effect",
    "fix": "Correct the file. It is read again within five seconds."
  },
  "OTTO109": {
    "message": "worker template may not do what it seems to",
    "fix": "Name the container: `metadata: {annotations: {kubectl.kubernetes.io/default-container: NAME}}`. What only accompanies it, such as a Docker daemon, belongs in `spec.initContainers` with `restartPolicy: Always`."
  },
  "OTTO110": {
    "message": "invalid queues file",
    "fix": "Correct the file; [queues.md](queues.md) lists its fields."
  },
  "OTTO111": {
    "message": "invalid tokens file",
    "fix": "Correct the file; [api.md](api.md#tokens) lists the fields."
  },
  "OTTO201": {
    "message": "stream read failed; retrying",
    "fix": "Bring Redis back. After a failover there is nothing to do."
  },
  "OTTO202": {
    "message": "restarting from persisted records",
    "fix": "If it repeats, the error in the line says what Redis refuses: memory (`OOM`), disk (`MISCONF`), permissions (`NOPERM`), or writes to a replica (`READONLY`)."
  },
  "OTTO203": {
    "message": "stream owned by another installation; idle",
    "fix": "Give each its own `REDIS_STREAM`. To move the stream here, stop the other one and run the command in the line."
  },
  "OTTO204": {
    "message": "Redis data lost; rewriting open records",
    "fix": "Find the cause; use an append-only file and `maxmemory-policy noeviction`. The records of closed events are lost."
  },
  "OTTO205": {
    "message": "stream replaced; reading it from its start",
    "fix": "Nothing, if that was intended. Producers must not delete the stream: trim it, or let `OTTO_STREAM_RETENTION` trim it."
  },
  "OTTO206": {
    "message": "stream trim failed",
    "fix": "Nothing, unless it repeats: then the error in the line says why."
  },
  "OTTO207": {
    "message": "consumer group abandoned; trimming entries it has not read",
    "fix": "Remove it with `XGROUP DESTROY`, or start its consumer again."
  },
  "OTTO208": {
    "message": "record unreadable; ignored",
    "fix": "Inspect the key with `HGETALL`, fix or delete the field that the line names, and restart."
  },
  "OTTO209": {
    "message": "record missing",
    "fix": "Set `maxmemory-policy noeviction`. If the event is over, remove its ID from the open set with `SREM`."
  },
  "OTTO210": {
    "message": "invalid member of the open set; ignored",
    "fix": "Remove it with `SREM`."
  },
  "OTTO211": {
    "message": "invalid idempotency key value; ignored",
    "fix": "Find out what else writes to keys that have the stream's name in braces."
  },
  "OTTO212": {
    "message": "reply to a write lost; its result was found out",
    "fix": "Nothing, if it is rare or came with a failover. If it repeats, the error in the line says what breaks the connections."
  },
  "OTTO213": {
    "message": "invalid clock; ignored",
    "fix": "Remove it with `HDEL`, and find out what else writes to keys that have the stream's name in braces."
  },
  "OTTO214": {
    "message": "record unreadable; its entry may be trimmed",
    "fix": "Inspect the key with `HGETALL`, fix or delete the field that the line names, and restart."
  },
  "OTTO215": {
    "message": "invalid command on the control stream; ignored",
    "fix": "Send commands with `ottoscaler pause` and `ottoscaler resume`; find out what else may write to the control stream."
  },
  "OTTO216": {
    "message": "status stream read failed; retrying",
    "fix": "Bring Redis back. The error in the line says what Redis refuses, such as a permission (`NOPERM`)."
  },
  "OTTO301": {
    "message": "API server refuses the template's Pods; retrying",
    "fix": "Raise the quota (`kubectl describe quota`), or correct the template or the policy. Workers then start without a restart."
  },
  "OTTO302": {
    "message": "Pod creation failed; retrying",
    "fix": "If permission is denied, grant the permissions that the README lists under \"Use it\", or create the namespace again. Otherwise wait."
  },
  "OTTO303": {
    "message": "Pod deletion failed; retrying",
    "fix": "Grant the verb `delete`, if the error in the line says so."
  },
  "OTTO304": {
    "message": "pod watch interrupted; retrying",
    "fix": "Bring the API server back, or grant the verbs `list` and `watch`."
  },
  "OTTO305": {
    "message": "pod watch expired; relisting",
    "fix": "Nothing. If it repeats every few seconds, the API server is overloaded."
  },
  "OTTO306": {
    "message": "leadership lost",
    "fix": "Nothing, unless it repeats: then check whether the API server is slow or this process is short of CPU."
  },
  "OTTO307": {
    "message": "Lease unavailable; retrying",
    "fix": "Grant the verbs. To run without leader election, use one replica with `OTTO_LEADER_ELECT=false`."
  },
  "OTTO308": {
    "message": "Lease not released; a standby waits until it expires",
    "fix": "Nothing: a standby becomes leader 15 seconds later."
  },
  "OTTO309": {
    "message": "untested Kubernetes version",
    "fix": "Upgrade the cluster. Ottoscaler runs nevertheless."
  },
  "OTTO310": {
    "message": "API server warning",
    "fix": "Change the template as the warning says."
  },
  "OTTO311": {
    "message": "Pod name taken by another owner; retrying",
    "fix": "Delete or rename that Pod; give installations in one namespace different `OTTO_INSTANCE` names."
  },
  "OTTO312": {
    "message": "Kubernetes Event not written; retrying later",
    "fix": "Grant the verbs `create` and `patch` of `events.events.k8s.io` in the namespace of the Lease. The log has every failure too."
  },
  "OTTO313": {
    "message": "API server accepts no Pods of a queue's template; one trial at a time",
    "fix": "Correct the template, the policy, the webhook or the image, as the message says. The first Pod that is accepted opens the way again; a changed template is tried at once."
  },
  "OTTO314": {
    "message": "admission changes the labels of worker Pods",
    "fix": "Make the webhook or the policy leave `managed-by` and the labels that begin with `ottoscaler.io/` alone."
  },
  "OTTO401": {
    "message": "entry rejected",
    "fix": "Correct the producer. `ottoscaler dead list` shows the dead letters, `ottoscaler dead redrive` sends a corrected one again."
  },
  "OTTO402": {
    "message": "intake paused: queue full",
    "fix": "Raise `OTTO_MAX_WORKERS`, or find out why workers do not end or do not start."
  },
  "OTTO403": {
    "message": "record of a redelivered entry unreadable; left pending",
    "fix": "Inspect the key with `HGETALL`, fix or delete the field that the line names, and restart."
  },
  "OTTO404": {
    "message": "Pod claims a slot its event does not have; ignored",
    "fix": "Delete it."
  },
  "OTTO405": {
    "message": "Pod created after its worker ended; deleting it",
    "fix": "Nothing. The Pod is deleted and not counted."
  },
  "OTTO406": {
    "message": "Pod of an unreadable or unlisted event; ignored",
    "fix": "Inspect the key with `HGETALL`, fix or delete the field that the line names, and restart."
  },
  "OTTO407": {
    "message": "Pod without a record",
    "fix": "Find the cause, see OTTO204."
  },
  "OTTO408": {
    "message": "Pod without a record or an event annotation; ignored",
    "fix": "Delete the Pod if it is not needed any more."
  },
  "OTTO409": {
    "message": "event rebuilt from its Pods",
    "fix": "Find the cause, see OTTO204."
  },
  "OTTO410": {
    "message": "stopped with work in flight; the next start resumes it",
    "fix": "Nothing: the records say what is left to do."
  },
  "OTTO411": {
    "message": "queue paused; its workers do not start",
    "fix": "Run `ottoscaler resume` once the reason is gone."
  },
  "OTTO412": {
    "message": "Pod outlived the record of its closed event; deleting it",
    "fix": "Remove the node from the cluster, or delete the Pod with `kubectl delete --force`."
  },
  "OTTO501": {
    "message": "Refused",
    "fix": "Fix what the worker's `message` says, then send the event again."
  },
  "OTTO502": {
    "message": "NameTaken",
    "fix": "Delete or rename that Pod, then send the event again."
  },
  "OTTO503": {
    "message": "Unschedulable",
    "fix": "Add nodes, or lower the requests in `OTTO_AGENT_REQUESTS` or the template, then send the event again."
  },
  "OTTO504": {
    "message": "ErrImagePull",
    "fix": "Correct `OTTO_AGENT_IMAGE`, or the template's image or pull secret, then send the event again."
  },
  "OTTO505": {
    "message": "ImagePullBackOff",
    "fix": "Correct `OTTO_AGENT_IMAGE`, or the template's image or pull secret, then send the event again."
  },
  "OTTO506": {
    "message": "InvalidImageName",
    "fix": "Correct `OTTO_AGENT_IMAGE` or the template, then send the event again."
  },
  "OTTO507": {
    "message": "CreateContainerConfigError",
    "fix": "Create what is missing, or correct the template, then send the event again."
  },
  "OTTO508": {
    "message": "OOMKilled",
    "fix": "Raise the limit in `OTTO_AGENT_LIMITS` or the template."
  },
  "OTTO509": {
    "message": "DeadlineExceeded",
    "fix": "Raise `deadline_seconds`, the template's deadline or `OTTO_WORKER_DEADLINE`."
  },
  "OTTO510": {
    "message": "NodeLost",
    "fix": "Check the node; send the event again if its work may be done twice."
  },
  "OTTO511": {
    "message": "Missing",
    "fix": "Do not delete Pods with `--force`. Send the event again if its work may be done twice."
  },
  "OTTO512": {
    "message": "RecordLost",
    "fix": "Find out why Redis lost data. Send the event again if its work may be done twice."
  },
  "OTTO513": {
    "message": "CreateContainerError",
    "fix": "Fix what the `message` says, in the template or on the node, then send the event again."
  },
  "OTTO514": {
    "message": "RunContainerError",
    "fix": "Correct the template's command, then send the event again."
  },
  "OTTO515": {
    "message": "StartError",
    "fix": "Correct the template's command or the image, then send the event again."
  },
  "OTTO516": {
    "message": "ContainerCannotRun",
    "fix": "Correct the template's command or the image, then send the event again."
  },
  "OTTO517": {
    "message": "ErrImageNeverPull",
    "fix": "Load the image onto the nodes, or allow pulling, then send the event again."
  },
  "OTTO518": {
    "message": "ImageInspectError",
    "fix": "Remove the image from the node, or drain the node, then send the event again."
  },
  "OTTO519": {
    "message": "RegistryUnavailable",
    "fix": "Check that the registry is up and that the node can reach it, then send the event again."
  },
  "OTTO520": {
    "message": "SignatureValidationFailed",
    "fix": "Sign the image, or correct the node's policy, then send the event again."
  },
  "OTTO521": {
    "message": "PreCreateHookError",
    "fix": "Read the kubelet's log on that node and fix what it says, then send the event again."
  },
  "OTTO522": {
    "message": "PreStartHookError",
    "fix": "Read the kubelet's log on that node and fix what it says, then send the event again."
  },
  "OTTO523": {
    "message": "Evicted",
    "fix": "Request in the template what the program uses, including `ephemeral-storage`; or raise the limit that the `message` names."
  },
  "OTTO524": {
    "message": "Preempting",
    "fix": "Nothing, if it happens once; if it repeats, add nodes."
  },
  "OTTO525": {
    "message": "PreemptionByScheduler",
    "fix": "Give the template a `priorityClassName`, or add nodes."
  },
  "OTTO526": {
    "message": "NodeShutdown",
    "fix": "Nothing, unless the worker failed: then send the event again."
  },
  "OTTO527": {
    "message": "Terminated",
    "fix": "Nothing, unless the worker failed: then send the event again."
  },
  "OTTO528": {
    "message": "TerminationByKubelet",
    "fix": "Read the worker's `message` for which of them, and request in the template what the program uses."
  },
  "OTTO529": {
    "message": "DeletionByTaintManager",
    "fix": "Check the node; if the worker failed, send the event again."
  },
  "OTTO530": {
    "message": "DeletionByPodGC",
    "fix": "Nothing, if that was intended; if the worker failed, send the event again."
  },
  "OTTO531": {
    "message": "EvictionByEvictionAPI",
    "fix": "To protect running workers, give the template the labels that a PodDisruptionBudget selects."
  },
  "OTTO532": {
    "message": "UnexpectedAdmissionError",
    "fix": "Nothing, if it happens once; if it repeats, the `message` has the kubelet's error."
  },
  "OTTO533": {
    "message": "NodeAffinity",
    "fix": "Nothing, if it happens once; if it repeats, find out who changes the labels."
  },
  "OTTO534": {
    "message": "Deleted",
    "fix": "Send the event again if its work is still wanted. To remove workers send a `scale_down`. The API server's audit log has the user who deleted it."
  },
  "OTTO535": {
    "message": "trimmed",
    "fix": "Send it again. Do not trim the source stream by length: `OTTO_STREAM_RETENTION` trims it by age."
  },
  "OTTO536": {
    "message": "poison",
    "fix": "Inspect it with `XRANGE STREAM ID ID`, correct its producer, and send it again."
  },
  "OTTO537": {
    "message": "CrashLoopBackOff",
    "fix": "Correct that container in the template; `kubectl logs POD -c CONTAINER --previous` shows how it ended."
  },
  "OTTO538": {
    "message": "PostStartHookError",
    "fix": "Correct the hook in the template."
  },
  "OTTO539": {
    "message": "SchedulingGated",
    "fix": "Nothing, if the Pod is to wait; else find the controller that should remove the gate, or remove it from the template."
  },
  "OTTO540": {
    "message": "SchedulerError",
    "fix": "Fix what the `message` says, mostly in the template's affinity or volumes, then send the event again."
  },
  "OTTO541": {
    "message": "OutOfcpu",
    "fix": "Nothing, if it happens once; if it repeats, find Pods that bypass the scheduler, such as static ones."
  },
  "OTTO542": {
    "message": "OutOfmemory",
    "fix": "Nothing, if it happens once; if it repeats, find Pods that bypass the scheduler, such as static ones."
  },
  "OTTO543": {
    "message": "OutOfephemeral-storage",
    "fix": "Nothing, if it happens once; if it repeats, find Pods that bypass the scheduler, such as static ones."
  },
  "OTTO544": {
    "message": "OutOfpods",
    "fix": "Nothing, if it happens once; if it repeats, find Pods that bypass the scheduler, such as static ones."
  },
  "OTTO545": {
    "message": "EmptyPodSharedPoolError",
    "fix": "Correct the CPU requests in the template."
  },
  "OTTO546": {
    "message": "DeletionByDeviceTaintManager",
    "fix": "Check the device; if the worker failed, send the event again."
  },
  "OTTO547": {
    "message": "ContainerStatusUnknown",
    "fix": "Check the node; send the event again if its work may be done twice."
  },
  "OTTO549": {
    "message": "StartDeadlineExceeded",
    "fix": "Raise the deadline, the queue's weight or cap, or `OTTO_MAX_WORKERS`; `ottoscaler get queues` shows what limits it."
  },
  "OTTO550": {
    "message": "StartTimeout",
    "fix": "Create or correct what the `message` names, then send the event again. If starts are slow here, raise `OTTO_START_TIMEOUT`."
  },
  "OTTO551": {
    "message": "Unknown",
    "fix": "Drain a node before its runtime is restarted; send the event again if its work may be done twice."
  },
  "OTTO601": {
    "message": "Redis too old",
    "fix": "Upgrade Redis to 7.0 or later."
  },
  "OTTO602": {
    "message": "Redis is a replica",
    "fix": "Name the master, or use `REDIS_SENTINEL_MASTER` and `REDIS_SENTINEL_ADDRS`."
  },
  "OTTO603": {
    "message": "Redis persistence off",
    "fix": "Run `redis-cli CONFIG SET appendonly yes`, and set the same in its configuration file."
  },
  "OTTO604": {
    "message": "Redis may evict records",
    "fix": "Run `redis-cli CONFIG SET maxmemory-policy noeviction`, and set the same in its configuration file."
  },
  "OTTO605": {
    "message": "Redis ACL denies commands",
    "fix": "Run `redis-cli ACL SETUSER USER +COMMAND` for each."
  },
  "OTTO606": {
    "message": "stream owned by another installation",
    "fix": "Give each its own `REDIS_STREAM`; or stop the other one and delete the key that has the stream's name in braces and ends in `:owner`."
  },
  "OTTO607": {
    "message": "consumer group missing",
    "fix": "Start Ottoscaler; before the first start use `ottoscaler check --pre`."
  },
  "OTTO608": {
    "message": "entry pending for over an hour",
    "fix": "Run `ottoscaler explain` with the event's ID to see why."
  },
  "OTTO609": {
    "message": "Kubernetes permission missing",
    "fix": "Run `kubectl create role` and `kubectl create rolebinding` with that verb, see the README under \"Use it\"."
  },
  "OTTO610": {
    "message": "API server would refuse the template's Pods",
    "fix": "Raise the quota (`kubectl describe quota`), or correct the template or the policy."
  },
  "OTTO611": {
    "message": "clocks differ",
    "fix": "Run an NTP client on both."
  },
  "OTTO612": {
    "message": "API server did not answer the check",
    "fix": "Check the API server: the line has its answer. Then run the check again."
  },
  "OTTO613": {
    "message": "workers cannot start",
    "fix": "Fix what the message says, mostly in the template, then send the failed events again."
  },
  "OTTO751": {
    "message": "spans not sent; retrying",
    "fix": "The error in the line says what fails. Check `OTEL_EXPORTER_OTLP_ENDPOINT`, its certificate, and that the network lets the gateway through."
  },
  "OTTO752": {
    "message": "collector refused spans; dropped",
    "fix": "The status in the line says why: for 404 correct the path in `OTEL_EXPORTER_OTLP_ENDPOINT`, for 401 and 403 the token in `OTEL_EXPORTER_OTLP_HEADERS`, for 415 `OTEL_EXPORTER_OTLP_PROTOCOL`."
  },
  "OTTO753": {
    "message": "collector did not take all spans",
    "fix": "The message in the line is the collector's own: its limits or its filters drop them."
  }
};
