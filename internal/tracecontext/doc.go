// Package tracecontext names the spans of an event and of its workers. A name follows from the stream and the event alone, so that
// the Main Pod can tell a worker the span of its attempt before that span exists, and whoever exports the span later, once or again,
// gives it the very same ID. Nobody has to tell anybody.
//
// The IDs are the first bytes of SHA-256 over a text, its parts separated by NUL bytes:
//
//	trace, 16 bytes   ottoscaler <stream> <event ID>
//	span, 8 bytes     ottoscaler <stream> <event ID> <kind> <slot> <attempt>
//
// The trace of an event with a traceparent is the producer's. The slot and the attempt of a span that belongs to none is 0. An ID of
// zeros alone means "no ID" in W3C's format, so its last byte would be 1.
//
// It is a leaf that any package may import, and takes no dependency.
package tracecontext
