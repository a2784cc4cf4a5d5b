// Package worker is the domain: one entry of a stream becomes exactly N workers, each watched to its one outcome. It
// knows neither Redis nor Kubernetes; the interfaces it needs are in ports.go, and package workertest has stand-ins.
//
// The way of one event, hop by hop:
//
//	1 Source    read    own pending entries first, then new ones; event.Decode makes an Event or a Rejection of an entry
//	2 state     accept  record the event, then queue its slots                        accept.go, intake.go, queue.go
//	3 Cluster   create  Pods while there is capacity; "already exists" and ours counts as created           start.go
//	4 Journal   record  each created Pod; with the last one the event settles: the entry is acknowledged     slot.go
//	5 Cluster   watch   the Pods                                            observe.go, follow.go, observationbuffer.go
//	6 state     verdict running, retry, ended or stuck; record the outcome; after its TTL delete the Pod
//	                                                                          verdict.go, outcome.go, removal.go
//
// A scale_down has victims instead of slots: it selects them once, records them, and terminates them. scaledown.go
//
// All decisions are in state, a pure core: step takes one input and returns effects, and what came of an effect arrives
// as a later input. Whatever must not happen before a write is committed is returned only by the step that learns of the
// commit. So the whole of it can be driven single-threaded through every order of events, losses and crashes; see
// TestSimulation. Manager is the shell that moves inputs in and effects out.
//
// A Manager lives for one term. When it cannot know what was written (a lost reply) its term ends, and the next Manager
// starts from the records, a list of the Pods, and the pending entries: the same way as after kill -9.
package worker
