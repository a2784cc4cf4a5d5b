package errcode

// checkEntries are about what `ottoscaler check` finds.
var checkEntries = []Entry{
	{
		RedisTooOld, "Redis too old",
		"The version is below 7.0; streams and consumer groups behave differently there.",
		"Upgrade Redis to 7.0 or later.",
	},
	{
		RedisReplica, "Redis is a replica",
		"It accepts no writes: `REDIS_HOST` names a replica.",
		"Name the master, or use `REDIS_SENTINEL_MASTER` and `REDIS_SENTINEL_ADDRS`.",
	},
	{
		RedisNotPersistent, "Redis persistence off",
		"There is no append-only file, so a restart of Redis loses events, records and outcomes.",
		"Run `redis-cli CONFIG SET appendonly yes`, and set the same in its configuration file.",
	},
	{
		RedisEvicts, "Redis may evict records",
		"`maxmemory-policy` is not `noeviction`: when its memory is full, Redis evicts keys, including those of Ottoscaler.",
		"Run `redis-cli CONFIG SET maxmemory-policy noeviction`, and set the same in its configuration file.",
	},
	{
		RedisDenied, "Redis ACL denies commands",
		"The ACL of the user lacks commands that are required; the line names them.",
		"Run `redis-cli ACL SETUSER USER +COMMAND` for each.",
	},
	{
		StreamTaken, "stream owned by another installation",
		"Two installations use one stream, and the other one owns it: this one would be idle.",
		"Give each its own `REDIS_STREAM`; or stop the other one and delete the key that has the stream's name in braces and ends in " +
			"`:owner`.",
	},
	{
		GroupMissing, "consumer group missing",
		"The consumer group does not exist: no replica has led with this `REDIS_CONSUMER_GROUP` yet.",
		"Start Ottoscaler; before the first start use `ottoscaler check --pre`.",
	},
	{
		PendingTooLong, "entry pending for over an hour",
		"An entry was delivered more than an hour ago and is not acknowledged: some of its workers have neither a Pod nor an outcome.",
		"Run `ottoscaler explain` with the event's ID to see why.",
	},
	{
		PermissionMissing, "Kubernetes permission missing",
		"The account lacks a verb; the line names it.",
		"Run `kubectl create role` and `kubectl create rolebinding` with that verb, see the README under \"Use it\".",
	},
	{
		DryRunRefused, "API server would refuse the template's Pods",
		"A dry run of a Pod of the template was refused: quota, admission, Pod Security or an invalid spec; the line has the API " +
			"server's message.",
		"Raise the quota (`kubectl describe quota`), or correct the template or the policy.",
	},
	{
		ClockSkew, "clocks differ",
		"The clocks of this machine and of the API server differ by more than five seconds. Ages are measured on the API server's.",
		"Run an NTP client on both.",
	},
	{
		Inconclusive, "API server did not answer the check",
		"The API server gave an unexpected answer, or none in time.",
		"Check the API server: the line has its answer. Then run the check again.",
	},
	{
		WorkersBlocked, "workers cannot start",
		"Pods wait, or workers failed within the last 15 minutes, for a reason without a code of its own; the line has the reason " +
			"and the node's message.",
		"Fix what the message says, mostly in the template, then send the failed events again.",
	},
}
