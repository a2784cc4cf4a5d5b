package errcode

// rejectionEntries are about reasons of rejected entries.
var rejectionEntries = []Entry{
	{
		EntryTrimmed, "trimmed",
		"Somebody deleted the entry from the source stream before it was taken in; only its ID is known. It is a dead letter.",
		"Send it again. Let nobody trim the source stream by length: `OTTO_STREAM_RETENTION` does it by age.",
	},
	{
		EntryPoison, "poison",
		"The entry was delivered five times and never taken in: its body may be what ends the process. It is a dead letter, and " +
			"still in the source stream.",
		"Look at it with `XRANGE STREAM ID ID`, mend its producer, and send it again.",
	},
}
