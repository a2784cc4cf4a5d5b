// Package judge decides from the traces of a finished run whether the product kept its promises. It shares no code with
// the product, and reads three things only: the API server's audit log, a recorded MONITOR of Redis, and what Redis
// holds at the end. Its checks are O1 to O11:
//
//	O1  at most one Pod for each (event, slot, attempt), and one for each worker whose outcome needs one
//	O2  every valid entry gets its N outcomes, every duplicate one `duplicate`, every bad entry one dead letter
//	O3  an entry is acknowledged only after each of its slots had its Pod or its outcome
//	O4  a Pod is deleted only by its UID, and only after its outcome, its `retrying` or its doom stood in Redis
//	O5  no more POSTs in flight than set
//	O6  every verb used was granted (and, of a whole suite's evidence, every verb granted was used)
//	O7  no request outside the namespaces
//	O8  no GET of a Pod without a reason, no LIST but one at the start and after each watch
//	O9  no 401 and no 403
//	O10 each outcome once, on the status stream and in the record, in one MULTI; the counts of `closed` agree
//	O11 at the end nothing is pending, nothing is open, no Pod is left
//
// # One Pod, although a POST's answer may be missing
//
// "Exactly one POST answered 201" would be wrong in two ways. When a client is killed in mid-request, its POST stands in
// the log as a timeout although the Pod was made; when the API server is killed, there is no line at all. And a name
// answered 201 twice is two Pods, however far apart. So O1 is: (a) at most one 201 for each (event, slot, attempt); (b) at
// most one UID, read from the scheduler's bindings and the preconditions of DELETEs that were answered 200; (c) no 201
// once the slot's outcome stood in Redis; (d) attempt k > 1 only after `retrying` of attempt k-1; (e) a worker whose
// outcome speaks of a Pod had one: a 201, or else what only an existing Pod explains: a later 409 or GET 200 of ours, a
// DELETE answered 200, a binding or a status update by somebody else; (f) a worker said to have no Pod any more ("Missing",
// "Deleted") was looked for before: a GET of ours answered 404, or 200 where another Pod of that name was made. That the
// watch shows a Pod no more proves nothing: somebody may have edited its labels.
//
// # Order between two clocks
//
// MONITOR carries the microseconds of Redis' clock, the audit log those of the API server's; both run on one machine, so
// it is one clock and there is no tolerance. Redis stamps a command after executing it and before replying. The API server
// stamps the end of a response before the last byte leaves it. So whoever acts on an answer acts after the stamp, and
// "later than the stamp" is exact in both directions.
//
// A transaction that a touched WATCH, an error while queueing or DISCARD ended shows in MONITOR as MULTI and EXEC with
// nothing between (redis-server 7.0.15 was asked): every command that shows was executed. It may still have failed, which is why the
// end state is compared with it.
//
// Where MONITOR has a gap because Redis was down on purpose, the ID of a status entry stands in: Redis made it from its
// own clock in the same MULTI, to the millisecond.
package judge
