package errcode

// eventEntries are about events and their Pods.
var eventEntries = []Entry{
	{
		EntryRejected, "entry rejected",
		"A producer sent an invalid event; it is a dead letter now. The line has the reason and its code.",
		"Correct the producer. `ottoscaler dead list` shows the dead letters, `ottoscaler dead redrive` sends a corrected one again.",
	},
	{
		IntakePaused, "intake paused: queue full",
		"`OTTO_MAX_WAITING_EVENTS` events wait for capacity. No new event is read until some have started; this includes scale_down.",
		"Raise `OTTO_MAX_WORKERS`, or find out why workers do not end or do not start.",
	},
	{
		RedeliveredUnreadable, "record of a redelivered entry unreadable; left pending",
		"The record of an entry that was delivered again cannot be read: something else wrote to its key.",
		"Inspect the key with `HGETALL`, fix or delete the field that the line names, and restart.",
	},
	{
		UnknownSlot, "Pod claims a slot its event does not have; ignored",
		"A Pod with Ottoscaler's labels was created by something else, or its annotations were changed.",
		"Delete it.",
	},
	{
		LatePod, "Pod created after its worker ended; deleting it",
		"A creation that had timed out took effect later.",
		"Nothing. The Pod is deleted and not counted.",
	},
	{
		UntrackedEvent, "Pod of an unreadable or unlisted event; ignored",
		"The record of the Pod's event cannot be read, or is open and missing from the open set: something else wrote to the keys.",
		"Inspect the key with `HGETALL`, fix or delete the field that the line names, and restart.",
	},
	{
		PodWithoutRecord, "Pod without a record",
		"Redis lost records. The event is rebuilt from its Pods, see OTTO409.",
		"Find the cause, see OTTO204.",
	},
	{
		PodWithoutOrigin, "Pod without a record or an event annotation; ignored",
		"Redis lost the record, and the Pod's annotations were removed; or its event's ID is more than a day ahead, so somebody else " +
			"made the Pod.",
		"Delete the Pod if it is not needed any more.",
	},
	{
		EventRebuilt, "event rebuilt from its Pods",
		"Redis lost the event's record. A new one was written from the Pods that exist, see OTTO407.",
		"Find the cause, see OTTO204.",
	},
	{
		StoppedUnfinished, "stopped with work in flight; the next start resumes it",
		"The grace period of 20 seconds ended, or Redis or the API server did not answer during the stop.",
		"Nothing: the records say what is left to do.",
	},
	{
		QueuePaused, "queue paused; its workers do not start",
		"Somebody ran `ottoscaler pause`; `ottoscaler get queues` shows who, when and why. Events are accepted and wait, and workers " +
			"that have a Pod continue.",
		"Run `ottoscaler resume` once the reason is gone.",
	},
	{
		PodOutlivedRecord, "Pod outlived the record of its closed event; deleting it",
		"The Pod was to be deleted and did not go for longer than `OTTO_RECORD_TTL`: usually its node is lost. Its worker has its outcome.",
		"Remove the node from the cluster, or delete the Pod with `kubectl delete --force`.",
	},
}
