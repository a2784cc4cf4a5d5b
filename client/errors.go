package client

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"
)

//go:embed errors.json
var errorsJSON []byte

// Failure is what Ottoscaler's documentation says of a code.
type Failure struct {
	Message string `json:"message"`
	Cause   string `json:"cause"` // Markdown
	Fix     string `json:"fix"`   // Markdown
}

var failures = sync.OnceValue(func() map[string]Failure {
	var all map[string]Failure
	if err := json.Unmarshal(errorsJSON, &all); err != nil {
		panic("client: errors.json: " + err.Error())
	}
	return all
})

// Explain returns what the code of a Status or an error means; not ok: the code is of a later release, or none.
func Explain(code string) (f Failure, ok bool) {
	f, ok = failures()[code]
	return f, ok
}

// Error is what every error that this package makes itself has.
type Error interface {
	error
	Code() string // OTTO and three digits, or a word of the client's own
	Fix() string  // what to do
}

// The client's own codes.
const (
	CodeInvalidRequest = "invalid_request"
	CodeUnsent         = "unsent"
	CodeExpired        = "expired"
	CodeBadRecord      = "bad_record"
	CodeClosed         = "closed"
)

var ownFixes = map[string]string{
	CodeInvalidRequest: "Correct the field that the error names.",
	CodeUnsent:         "Send the request again with the idempotency key of the error: then it starts nothing twice.",
	CodeExpired:        "Ask sooner: records of closed events are kept for OTTO_RECORD_TTL. Record outcomes when they arrive.",
	CodeBadRecord:      "Find out what else writes to Ottoscaler's keys, and delete the field that the error names.",
	CodeClosed:         "Make a new Client, or close it later.",
}

// RejectedError says that Ottoscaler did not accept the request. It started nothing; it is a dead letter now.
type RejectedError struct {
	SentID     string // the entry's ID
	ReasonCode string // a word for programs, see docs/status-stream.md
	ErrorCode  string // OTTO and three digits
	Message    string // a sentence for people
}

func (e *RejectedError) Error() string {
	return fmt.Sprintf("event %s was rejected (%s): %s", e.SentID, e.ReasonCode, e.Message)
}

// Code is OTTO and three digits.
func (e *RejectedError) Code() string { return e.ErrorCode }

// Fix is that of the code.
func (e *RejectedError) Fix() string { return failures()[e.ErrorCode].Fix }

// RequestError says that a request breaks a rule that holds for every installation. Nothing was sent.
type RequestError struct {
	ReasonCode string // the same word that Ottoscaler rejects such an entry with
	Problem    string
}

func (e *RequestError) Error() string { return "invalid request: " + e.Problem }

// Code is CodeInvalidRequest.
func (*RequestError) Code() string { return CodeInvalidRequest }

// Fix says what to do.
func (*RequestError) Fix() string { return ownFixes[CodeInvalidRequest] }

// UnsentError says that Redis did not confirm the request in time.
type UnsentError struct {
	Key       string // the idempotency key that it was sent with: use it again
	MaybeSent bool   // false: it is not in the stream, for sure
	Err       error
}

func (e *UnsentError) Error() string {
	if e.MaybeSent {
		return fmt.Sprintf("the request may or may not have been sent; send it again with idempotency key %q: %v", e.Key, e.Err)
	}
	return fmt.Sprintf("the request was not sent: %v", e.Err)
}

// Unwrap is the last failure.
func (e *UnsentError) Unwrap() error { return e.Err }

// Code is CodeUnsent.
func (*UnsentError) Code() string { return CodeUnsent }

// Fix says what to do.
func (*UnsentError) Fix() string { return ownFixes[CodeUnsent] }

// RecordError says that a record in Redis cannot be read: something else wrote to its key.
type RecordError struct {
	EventID string
	Field   string // of the hash; empty: a field is missing
	Problem string
}

func (e *RecordError) Error() string {
	return fmt.Sprintf("the record of event %s cannot be read: field %q: %s", e.EventID, e.Field, e.Problem)
}

// Code is CodeBadRecord.
func (*RecordError) Code() string { return CodeBadRecord }

// Fix says what to do.
func (*RecordError) Fix() string { return ownFixes[CodeBadRecord] }

// sentinel is an error that says all with its identity.
type sentinel struct{ code, text string }

func (e *sentinel) Error() string { return e.text }
func (e *sentinel) Code() string  { return e.code }
func (e *sentinel) Fix() string   { return ownFixes[e.code] }

var (
	// ErrExpired says that the event is over for so long that Redis has no record of it.
	ErrExpired error = &sentinel{CodeExpired, "the event is over, and its record is gone"}
	// ErrClosed says that the Client, or the Run, was closed.
	ErrClosed error = &sentinel{CodeClosed, "the client is closed"}
)
