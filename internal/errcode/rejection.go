package errcode

// rejectionEntries are about the reasons of rejected entries.
var rejectionEntries = []Entry{
	{
		EntryTrimmed, "trimmed",
		"The entry was deleted from the source stream before it was accepted; only its ID is known. It is a dead letter.",
		"Send it again. Do not trim the source stream by length: `OTTO_STREAM_RETENTION` trims it by age.",
	},
	{
		EntryPoison, "poison",
		"The entry was delivered five times and never accepted: its content may crash the process. It is a dead letter, and is still " +
			"in the source stream.",
		"Inspect it with `XRANGE STREAM ID ID`, correct its producer, and send it again.",
	},
}
