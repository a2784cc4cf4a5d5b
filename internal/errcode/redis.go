package errcode

// redisEntries are about Redis.
var redisEntries = []Entry{
	{
		StreamReadFailed, "stream read failed; retrying",
		"Redis does not answer, is loading, or refuses the read. Pods keep running; outcomes are recorded once Redis is back.",
		"Bring Redis back. After a failover there is nothing to do.",
	},
	{
		TermRestart, "restarting from persisted records",
		"Redis refused a write, lost writes, or did not answer for ten seconds, so the records are read again. This is normal if it " +
			"happens rarely.",
		"If it repeats, the error in the line says what Redis refuses: memory (`OOM`), disk (`MISCONF`), permissions (`NOPERM`), or " +
			"writes to a replica (`READONLY`).",
	},
	{
		StreamOwned, "stream owned by another installation; idle",
		"Two installations use one stream, and the other one owns it. This one writes nothing and is not ready.",
		"Give each its own `REDIS_STREAM`. To move the stream here, stop the other one and run the command in the line.",
	},
	{
		RedisDataLost, "Redis data lost; rewriting open records",
		"Redis was flushed, or came back without its data. The records of open events are rewritten from memory.",
		"Find the cause; use an append-only file and `maxmemory-policy noeviction`. The records of closed events are lost.",
	},
	{
		StreamReplaced, "stream replaced; reading it from its start",
		"The stream was deleted and created again with lower IDs.",
		"Nothing, if that was intended. Producers must not delete the stream: trim it, or let `OTTO_STREAM_RETENTION` trim it.",
	},
	{
		TrimFailed, "stream trim failed",
		"Trimming old entries failed. It is tried again every minute.",
		"Nothing, unless it repeats: then the error in the line says why.",
	},
	{
		GroupAbandoned, "consumer group abandoned; trimming entries it has not read",
		"Another consumer group of the stream has not read for longer than `OTTO_STREAM_RETENTION`.",
		"Remove it with `XGROUP DESTROY`, or start its consumer again.",
	},
	{
		RecordUnreadable, "record unreadable; ignored",
		"The record of an open event cannot be read: something else wrote to its key. The event and its Pods are not touched.",
		"Inspect the key with `HGETALL`, fix or delete the field that the line names, and restart.",
	},
	{
		RecordMissing, "record missing",
		"An event is in the open set and has no record: its key was deleted or evicted. If the event has Pods, it is rebuilt from them.",
		"Set `maxmemory-policy noeviction`. If the event is over, remove its ID from the open set with `SREM`.",
	},
	{
		OpenSetInvalid, "invalid member of the open set; ignored",
		"A member of the open set is not an entry ID: something else wrote it.",
		"Remove it with `SREM`.",
	},
	{
		IdempotencyKeyInvalid, "invalid idempotency key value; ignored",
		"The value of an idempotency key is not in the expected format: something else wrote it. The entry was accepted as if the " +
			"key were free.",
		"Find out what else writes to keys that have the stream's name in braces.",
	},
	{
		ReplyLost, "reply to a write lost; its result was found out",
		"The reply to a write did not arrive: a connection broke, Redis took too long, or another server became the master. The " +
			"batch number in Redis told whether the write had been applied (`applied`); if not, it was sent again. Nothing is lost.",
		"Nothing, if it is rare or came with a failover. If it repeats, the error in the line says what breaks the connections.",
	},
	{
		ClockInvalid, "invalid clock; ignored",
		"A field of the hash whose name ends in `:clocks` is not a time: something else wrote it. A timeout may count from the start of " +
			"this term.",
		"Remove it with `HDEL`, and find out what else writes to keys that have the stream's name in braces.",
	},
	{
		TrimmedUnreadable, "record unreadable; its entry may be trimmed",
		"The record of a pending entry that is older than `OTTO_STREAM_RETENTION` cannot be read. The stream is trimmed past it, so that " +
			"it does not grow for ever. The record stays as it is.",
		"Inspect the key with `HGETALL`, fix or delete the field that the line names, and restart.",
	},
	{
		CommandInvalid, "invalid command on the control stream; ignored",
		"An entry of the control stream is neither a pause nor a resume: something else than `ottoscaler pause` and `resume` wrote it.",
		"Send commands with `ottoscaler pause` and `ottoscaler resume`; find out what else may write to the control stream.",
	},
	{
		StatusReadFailed, "status stream read failed; retrying",
		"`ottoscaler serve` cannot read the status stream. Its viewers see nothing new until it can; then they go on without a gap.",
		"Bring Redis back. The error in the line says what Redis refuses, such as a permission (`NOPERM`).",
	},
}
