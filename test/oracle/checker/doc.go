// Package checker decides from the traces of a finished run whether the product kept its guarantees. It shares no code with
// the product and reads three things only: the API server's audit log, a recorded MONITOR of Redis, and the state of Redis
// at the end. Its rules:
//
//	O1  at most one Pod for each (event, slot, attempt), and one for each worker whose outcome needs one
//	O2  every valid entry gets its N outcomes, every duplicate one `duplicate`, every invalid entry one dead letter
//	O3  an entry is acknowledged only after each of its slots had its Pod or its outcome, a cancel with its record
//	O4  a Pod is deleted only by its UID, and only after its outcome, `retrying`, selection by a scale_down or a cancel was recorded
//	O5  no more POSTs in flight than configured, or than the ceiling of what the product chooses by itself
//	O6  every verb used was granted (and, over a whole test suite, every verb granted was used)
//	O7  no request outside the namespaces
//	O8  no GET of a Pod without a reason, no LIST but one at the start and one after each watch
//	O9  no 401 and no 403
//	O10 each outcome once, in the status stream and in the record, in one MULTI; the counts of `closed` match
//	O11 at the end nothing is pending, nothing is open, no Pod is left
//	O13 the status entries of an event are numbered without gap
//	O14 queues share a full house by their weights; no cap of a queue or of an event is exceeded
//	O15 nothing is started while its queue, or all queues, are paused
//
// # One Pod, although the response to a POST may be missing
//
// "Exactly one POST answered 201" would be wrong in two ways. When a client is killed during a request, its POST is logged
// as a timeout although the Pod was created; when the API server is killed, there is no line at all. And a name answered 201
// twice is two Pods, however far apart. So O1 is: (a) at most one 201 for each (event, slot, attempt); (b) at most one UID,
// read from the scheduler's bindings and the preconditions of DELETEs answered 200; (c) no 201 once the slot's outcome was
// in Redis; (d) attempt k > 1 only after `retrying` of attempt k-1; (e) a worker whose outcome implies a Pod had one: a 201,
// or else what only an existing Pod explains: a later 409 or GET 200 of the product, a DELETE answered 200, a binding or a
// status update by another client; (f) before a worker is reported without a Pod ("Missing", "Deleted"), a GET by the
// product was answered 404, or 200 where another Pod of that name was created. A Pod that disappears from the watch proves
// nothing: its labels may have been edited.
//
// # Cancels and pauses
//
// A cancel has no list of victims: it takes the workers of earlier events that its entry names, and the oracle computes them.
// From the moment the product knows that it is recorded, no POST is sent for them (O1): that is at the latest when the next
// batch is executed, since a batch is sent only after the reply to the last one. Every one of them gets an outcome, `cancelled`
// or `succeeded`, unless another one was being written (O4). A worker is `cancelled` for no other reason than one recorded
// before. A pause is obeyed before it is recorded, and a resume only afterwards, so only what was on its way may come while a
// pause is recorded. What is on its way arrives within two seconds, or ten where the API server was disturbed.
//
// # Shares
//
// Which places a queue holds at a moment is seen from outside to within those that change hands around it: a POST is received
// after its place was taken, an outcome recorded after it was given back. The bound of O14 is therefore checked between the
// fewest places of the queue that starts and the most of each that waits. A queue waits for certain while it has an accepted
// worker that gets its first Pod later, is below its cap, is not paused, and had none of its POSTs refused for a minute.
//
// # Order across two clocks
//
// MONITOR carries the microseconds of Redis' clock, the audit log those of the API server's; both run on one machine, so
// it is one clock and there is no tolerance. Redis stamps a command after executing it and before replying. The API server
// stamps the end of a response before the last byte leaves it. So a client that acts on a response acts after the stamp, and
// "later than the stamp" is exact in both directions.
//
// A transaction ended by a touched WATCH, by an error while queueing or by DISCARD shows in MONITOR as MULTI and EXEC with
// nothing between (checked with redis-server 7.0.15): every command shown was executed. It may still have failed, which is
// why MONITOR is compared with the end state.
//
// Where MONITOR has a gap because Redis was down on purpose, the ID of a status entry dates the MULTI: Redis created it from
// its own clock in the same MULTI, to the millisecond.
package checker
