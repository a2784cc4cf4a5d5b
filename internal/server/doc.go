// Package server answers Kubernetes' probes and Prometheus over HTTP:
//
//	/livez    the process answers; nothing else is asked, since a restart mends nothing else
//	/readyz   it could act: Redis, the API server and the watch are there, and the stream is ours; ?verbose lists each
//	/metrics  what docs/metrics.md lists
//
// It reads nothing that a client sends but the request line and a few headers, and whoever is slow is cut off.
package server

//go:generate go test -run ^TestReference$ -update .
