// Package workertest holds in-memory stand-ins for what the worker package talks to, and the conformance suite that
// they and the real ones pass alike: a stand-in that is kinder than the real thing is a defect.
package workertest
