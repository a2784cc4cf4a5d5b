// Package workertest has in-memory implementations of the interfaces of package worker, and the conformance suites that
// they and the real ones pass alike. An in-memory one that is more lenient than the real one is a defect.
package workertest
