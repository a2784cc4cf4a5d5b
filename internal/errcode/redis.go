package errcode

// redisEntries are about Redis.
var redisEntries = []Entry{
	{
		StreamReadFailed, "stream read failed; retrying",
		"Redis does not answer, is loading, or refuses the read. Pods go on meanwhile, and what became of them is recorded afterwards.",
		"Bring Redis back; nothing else is needed. After a failover nothing is either.",
	},
	{
		TermRestart, "restarting from persisted records",
		"A write to Redis failed or its reply was lost, so what was written is read anew. Once now and then this is how it should be.",
		"If it repeats, the line's error says what Redis refuses: memory (`OOM`), disk (`MISCONF`), rights (`NOPERM`), a replica (`READONLY`).",
	},
	{
		StreamOwned, "stream owned by another installation; idle",
		"Two installations use one stream; the other one has it. Nothing is written, and `/readyz` says no.",
		"Give each its own `REDIS_STREAM`; or, to move the stream here on purpose, stop the other one and run the command in the line.",
	},
	{
		RedisDataLost, "Redis data lost; rewriting open records",
		"Somebody ran FLUSHALL, or Redis came back without its data. What was in memory is written anew.",
		"Find out who; use an append-only file and `maxmemory-policy noeviction`. What was closed before is forgotten.",
	},
	{
		StreamReplaced, "stream replaced; reading it from its start",
		"The stream was deleted and begun again with lower IDs.",
		"Nothing, if that was meant. Producers must not delete the stream: trim it, or let `OTTO_STREAM_RETENTION` do it.",
	},
	{
		TrimFailed, "stream trim failed",
		"A pass of the janitor failed; the next one, a minute later, may do better.",
		"Nothing, unless it repeats: then the line's error says why.",
	},
	{
		GroupAbandoned, "consumer group abandoned; trimming entries it has not read",
		"A second consumer group of the stream has not read for longer than `OTTO_STREAM_RETENTION`.",
		"Remove it with `XGROUP DESTROY`, or start its reader again.",
	},
	{
		RecordUnreadable, "record unreadable; ignored",
		"The record of an open event cannot be read: somebody wrote to a key of ours. The event and its Pods are left alone.",
		"Look at the key with `HGETALL`, mend or delete the field that the line names, and restart.",
	},
	{
		RecordMissing, "record missing",
		"An event is in the open set and has no record: somebody deleted or evicted a key. Its Pods, if it has any, tell what it was.",
		"Set `maxmemory-policy noeviction`; take the ID off the open set with `SREM` if the event is over.",
	},
	{
		OpenSetInvalid, "invalid member of the open set; ignored",
		"A member of the open set is no entry ID: somebody wrote it.",
		"Remove it with `SREM`.",
	},
	{
		IdempotencyKeyInvalid, "invalid idempotency key value; ignored",
		"The value of an idempotency key is not one of ours: somebody wrote it. The entry was taken in as if nobody held the key.",
		"Find out who writes to keys with the stream's name in braces.",
	},
}
