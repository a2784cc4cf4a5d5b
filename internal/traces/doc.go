// Package traces turns the status stream into OpenTelemetry spans, and sends them to a collector when what they are about has ended:
//
//	status stream ── consumer group ──▶ entries ── record of the event ──▶ spans ── OTLP/HTTP ──▶ collector
//	                      ▲                                                                         │
//	                      └──────────────── acknowledged once they are accepted ◀───────────────────┘
//
// There is no state: a span is made of the one entry that ends it, and of what the event's record says of the event. Its ID follows
// from the event (package tracecontext), so an entry that is read again, by this replica or another one, makes the very same spans, and
// a collector or its store that sees them twice shows them once. Nothing is kept in memory between two passes, and a pass has a
// bounded number of entries.
//
// The tree, for each event:
//
//	(the producer's span)
//	└── process STREAM     from the entry to the end of its last worker
//	    ├── wait           of each worker: from acceptance until it has a Pod
//	    └── attempt        one Pod of a worker, whose own spans are below it: TRACEPARENT
//	        ├── start      until its main container runs
//	        └── run        its main container
//
// What the collector refuses for good is dropped and counted; everything else is tried again. There is no SDK: finished spans of five
// shapes are a hundred lines of JSON and as many of protobuf.
package traces
