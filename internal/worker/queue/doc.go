// Package queue decides which event starts its next worker, when the API server is asked, and what its answers mean for
// those that wait. It is pure: no goroutine, no clock, no map order in its results.
package queue
