package errcode

// checkEntries are about what `ottoscaler check` finds.
var checkEntries = []Entry{
	{
		RedisTooOld, "Redis too old",
		"Its version is below 7.0; streams and their groups work differently there.",
		"Upgrade Redis to 7.0 or later.",
	},
	{
		RedisReplica, "Redis is a replica",
		"It takes no writes: `REDIS_HOST` names a replica.",
		"Name the master, or use `REDIS_SENTINEL_MASTER` and `REDIS_SENTINEL_ADDRS`.",
	},
	{
		RedisNotPersistent, "Redis persistence off",
		"There is no append-only file, so a restart of Redis loses events, records and outcomes.",
		"`redis-cli CONFIG SET appendonly yes`, and the same in its configuration file.",
	},
	{
		RedisEvicts, "Redis may evict records",
		"`maxmemory-policy` is not `noeviction`: when its memory is full, Redis throws away keys, ours among them.",
		"`redis-cli CONFIG SET maxmemory-policy noeviction`, and the same in its configuration file.",
	},
	{
		RedisDenied, "Redis ACL denies commands",
		"The ACL of our user lacks commands that are needed; the line names them.",
		"`redis-cli ACL SETUSER USER +COMMAND` for each.",
	},
	{
		StreamTaken, "stream owned by another installation",
		"Two installations use one stream, and the other one has it: this one would do nothing.",
		"Give each its own `REDIS_STREAM`; or stop the other one and delete the key with the stream's name in braces and `:owner`.",
	},
	{
		GroupMissing, "consumer group missing",
		"The consumer group does not exist: no replica has ever led with this `REDIS_CONSUMER_GROUP`.",
		"Start Ottoscaler; before that use `ottoscaler check --pre`.",
	},
	{
		PendingTooLong, "entry pending for over an hour",
		"An entry was delivered more than an hour ago and is not acknowledged: not all of its workers have got a Pod.",
		"`ottoscaler explain` with the event's ID says why.",
	},
	{
		PermissionMissing, "Kubernetes permission missing",
		"The account that asks lacks a verb; the line names it.",
		"`kubectl create role` and `kubectl create rolebinding` with that verb, see the README under \"Use it\".",
	},
	{
		DryRunRefused, "API server would refuse the template's Pods",
		"A dry run of a Pod of the template was refused: quota, admission, Pod Security or an invalid spec, in the server's words.",
		"Raise the quota (`kubectl describe quota`), or correct the template or the policy.",
	},
	{
		ClockSkew, "clocks differ",
		"This machine's clock and the API server's are more than five seconds apart. Ages are counted on the server's.",
		"Run an NTP client on both.",
	},
	{
		Inconclusive, "API server did not answer the check",
		"The API server answered something else, or not in time.",
		"Look at the API server: the line has its words. Then ask again.",
	},
	{
		WorkersBlocked, "workers cannot start",
		"Pods wait, or workers failed within the last quarter of an hour, for a reason without a code of its own; the line has " +
			"it, and the node's words.",
		"Mend what these words say, mostly in the template; then send what failed again.",
	},
}
