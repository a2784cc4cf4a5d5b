// Package metrics counts and measures what docs/metrics.md lists. Counters and histograms are fed by an Instrumenter between
// a term's Manager and its Source, Journal and Cluster; gauges are read anew at every scrape.
package metrics

//go:generate go test -run ^TestReference$ -update .
