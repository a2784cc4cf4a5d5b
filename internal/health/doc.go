// Package health answers Kubernetes' probes over HTTP, and serves the handler of Prometheus' scrapes beside them:
//
//	/livez    the process answers; no dependency is checked, since a restart repairs none
//	/readyz   the process could act: Redis, the API server and the watch are there, and the stream is ours; ?verbose lists each check
//	/metrics  what docs/metrics.md lists
//
// It reads nothing of a request but its first line and a few headers, and cuts slow clients off.
//
// Whoever reaches the port can open connections and leave them idle, send half a request, or not read the response. None of that
// keeps a probe out: the number of connections is bounded, a new one replaces the one that has waited longest for its client
// (connTable), and what may take long has few places of its own (inFlight), which a probe of /livez needs none of.
package health
