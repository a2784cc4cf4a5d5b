package errcode

// eventEntries are about events and their Pods.
var eventEntries = []Entry{
	{
		EntryRejected, "entry rejected",
		"A producer sent what is no valid event; it is a dead letter now. The line has the reason and its code.",
		"Correct the producer. `ottoscaler dead list` shows the letters, `ottoscaler dead redrive` sends a mended one again.",
	},
	{
		IntakePaused, "intake paused: queue full",
		"`OTTO_MAX_WAITING_EVENTS` wait. Until some have started, no new event is seen, a scale_down neither.",
		"Raise `OTTO_MAX_WORKERS`, or find out why workers do not end or do not start.",
	},
	{
		RedeliveredUnreadable, "record of a redelivered entry unreadable; left pending",
		"As OTTO208, of an entry that was delivered again.",
		"As there.",
	},
	{
		UnknownSlot, "Pod claims a slot its event does not have; ignored",
		"Somebody made a Pod with our labels, or changed its annotations.",
		"Delete it.",
	},
	{
		LatePod, "Pod created after its worker ended; deleting it",
		"A creation that was given up arrived late.",
		"Nothing. It did not count.",
	},
	{
		UntrackedEvent, "Pod of an unreadable or unlisted event; ignored",
		"Its record is there but cannot be read, or is open and not listed as such: somebody wrote to our keys.",
		"As OTTO208.",
	},
	{
		PodWithoutRecord, "Pod without a record",
		"Redis lost records. The event is rebuilt from its Pods.",
		"As OTTO204.",
	},
	{
		PodWithoutOrigin, "Pod without a record or an event annotation; ignored",
		"Redis lost the record, and somebody removed the Pod's annotations.",
		"Delete the Pod if it is not needed any more.",
	},
	{
		EventRebuilt, "event rebuilt from its Pods",
		"The end of OTTO407.",
		"As OTTO204.",
	},
	{
		StoppedUnfinished, "stopped with work in flight; the next start resumes it",
		"The grace period of 20 seconds was over, or Redis or the API server did not answer while it stopped.",
		"Nothing: the records say what is missing.",
	},
}
