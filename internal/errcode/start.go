package errcode

// startEntries are about the start.
var startEntries = []Entry{
	{
		Configuration, "invalid configuration",
		"An environment variable has an invalid value; the line has its name, the value and what is allowed. Exit code 2.",
		"Correct the variable; [configuration.md](configuration.md) lists them all.",
	},
	{
		Template, "invalid worker template",
		"A file in the folder `OTTO_WORKER_TEMPLATES` is not a valid PodTemplateSpec, or has a field that is not allowed; the line " +
			"has the file and the field. Exit code 2.",
		"Correct the file. `kubectl apply --dry-run=server` of a Pod with its spec shows whether the API server accepts it.",
	},
	{
		ListenFailed, "cannot serve health and metrics",
		"The address in `OTTO_HTTP_ADDR`, or in `--pprof`, is used by another process or does not belong to this machine. Exit code 1.",
		"Choose another, such as `OTTO_HTTP_ADDR=127.0.0.1:8081`; `ss -ltnp` lists the addresses in use.",
	},
	{
		Redis, "cannot use Redis",
		"Redis did not answer within ten seconds, or refused the connection: the address, the password, the TLS files or the version " +
			"is wrong. The line says which. Exit code 1, or 2 where a file cannot be read.",
		"Try the same with `redis-cli -h HOST -p PORT ping`, then correct the `REDIS_` variable. Redis 7.0 or later is required.",
	},
	{
		Kubernetes, "cannot use Kubernetes",
		"The API server did not answer within ten seconds, or refused the credentials. Exit code 1.",
		"Try `kubectl version` with the same `KUBECONFIG`; inside a cluster look for a NetworkPolicy that blocks the API server.",
	},
	{
		ClusterAccess, "no access to a Kubernetes cluster",
		"The process does not run in a Pod, and neither `KUBECONFIG` nor `~/.kube/config` names a cluster; or the file cannot be " +
			"read. Exit code 1.",
		"Set `KUBECONFIG` to a file that `kubectl` works with.",
	},
	{
		UnknownVariable, "unknown environment variable ignored",
		"A variable begins with `OTTO_` and is not one of this version: it is misspelled, or of another version.",
		"Correct or remove it; the line suggests the name that was probably meant.",
	},
	{
		ReloadFailed, "configuration not reloaded; the old one stays in effect",
		"`OTTO_QUEUES_FILE` or a file in `OTTO_WORKER_TEMPLATES` was changed, and what it says now is invalid; the line has the file, " +
			"the path in it, the value and what is allowed. Everything continues as before the change, but a restart would fail.",
		"Correct the file. It is read again within five seconds.",
	},
	{
		TemplateWarning, "worker template may not do what it seems to",
		"The template is valid and in use, but something about it is a guess, mostly which of its containers is the worker's program; the " +
			"line says what.",
		"Name the container: `metadata: {annotations: {kubectl.kubernetes.io/default-container: NAME}}`. What only accompanies it, such " +
			"as a Docker daemon, belongs in `spec.initContainers` with `restartPolicy: Always`.",
	},
	{
		Queues, "invalid queues file",
		"The file `OTTO_QUEUES_FILE` cannot be read, is no YAML, or has a value that is not allowed; each line has the file, the path in " +
			"it, the value and what is allowed. Exit code 2.",
		"Correct the file; [queues.md](queues.md) lists its fields.",
	},
	{
		Tokens, "invalid tokens file",
		"The file `OTTO_API_TOKENS_FILE` cannot be read, is no list in YAML or JSON, or has an item that is not allowed; the line names it. " +
			"Exit code 2.",
		"Correct the file; [api.md](api.md#tokens) lists the fields.",
	},
}
