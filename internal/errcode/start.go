package errcode

// startEntries are about the start.
var startEntries = []Entry{
	{
		Configuration, "invalid configuration",
		"An environment variable has a value it cannot take; the line names it, what it got and what it takes. Exit code 2.",
		"Correct the variable; [configuration.md](configuration.md) lists them all.",
	},
	{
		Template, "invalid worker template",
		"A file in the folder `OTTO_WORKER_TEMPLATES` is no PodTemplateSpec that may be run; the line names the file and the field. Exit code 2.",
		"Correct the file. `kubectl apply --dry-run=server` of a Pod with its spec shows what the API server thinks of it.",
	},
	{
		ListenFailed, "cannot serve health and metrics",
		"The address in `OTTO_HTTP_ADDR`, or `--pprof`, is taken by another process, or is none of this machine's. Exit code 1.",
		"Select another, such as `OTTO_HTTP_ADDR=127.0.0.1:8081`; `ss -ltnp` shows who has which.",
	},
	{
		Redis, "cannot use Redis",
		"Redis did not answer within ten seconds, or refuses us: the address, the password, the TLS files or its version are " +
			"wrong. The line says which. Exit code 1, or 2 where a file cannot be read.",
		"Try the same with `redis-cli -h HOST -p PORT ping`, then correct the `REDIS_` variable. Redis 7.0 or later is needed.",
	},
	{
		Kubernetes, "cannot use Kubernetes",
		"The API server did not answer within ten seconds, or refuses our credentials. Exit code 1.",
		"Try `kubectl version` with the same `KUBECONFIG`; inside a cluster look for a NetworkPolicy that keeps us from the API server.",
	},
	{
		ClusterAccess, "no access to a Kubernetes cluster",
		"This is no Pod, and neither `KUBECONFIG` nor `~/.kube/config` names a cluster; or the file cannot be read. Exit code 1.",
		"Set `KUBECONFIG` to a file that `kubectl` works with.",
	},
	{
		UnknownVariable, "unknown environment variable ignored",
		"A variable begins with `OTTO_` and means nothing here: a slip of the pen, or one of another version.",
		"Correct or remove it; the line guesses what was meant.",
	},
}
