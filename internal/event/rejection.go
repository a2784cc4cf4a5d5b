package event

import (
	"fmt"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
)

// Rejection is why an entry is no event: a code for programs and a sentence for people. Producers find both in the dead
// letter and on the status stream.
type Rejection struct {
	Code   string
	Reason string
}

// The codes of a Rejection.
const (
	CodeType           = "invalid_type"
	CodePodCount       = "invalid_pod_count"
	CodeTaskID         = "invalid_task_id"
	CodeTimestamp      = "invalid_timestamp"
	CodeIdempotencyKey = "invalid_idempotency_key"
	CodeConflict       = "idempotency_conflict"
	CodeTemplate       = "unknown_template"
	CodeDeadline       = "invalid_deadline"
	CodeQueue          = "invalid_queue"
	CodeUnknownQueue   = "unknown_queue"
	CodeQueueFull      = "queue_full"
	CodeNotAllowed     = "template_not_allowed"
	CodePriority       = "invalid_priority"
	CodeMaxParallel    = "invalid_max_parallel"
	CodeStartDeadline  = "invalid_start_deadline"
	CodeOverride       = "override_not_allowed"
	CodeCancel         = "invalid_cancel"
	CodeMetadata       = "invalid_metadata"
	CodeTooLarge       = "too_large"
	CodeTrimmed        = "trimmed"
	CodePoison         = "poison"
)

// RejectionCodes are all codes, in the order of the documentation. Metrics label dead letters with them.
func RejectionCodes() []string {
	return []string{
		CodeType, CodePodCount, CodeTaskID, CodeTimestamp, CodeIdempotencyKey, CodeConflict, CodeTemplate, CodeDeadline,
		CodeQueue, CodeUnknownQueue, CodeQueueFull, CodeNotAllowed, CodePriority, CodeMaxParallel, CodeStartDeadline, CodeOverride,
		CodeCancel, CodeMetadata, CodeTooLarge, CodeTrimmed, CodePoison,
	}
}

// Reject makes a Rejection.
func Reject(code, format string, args ...any) *Rejection {
	return &Rejection{Code: code, Reason: fmt.Sprintf(format, args...)}
}

// ErrCode is the error code of a rejection: its own, where somebody else than the producer has to act, else the one of all.
func ErrCode(rejectionCode string) errcode.Code {
	switch rejectionCode {
	case CodeTrimmed:
		return errcode.EntryTrimmed
	case CodePoison:
		return errcode.EntryPoison
	}
	return errcode.EntryRejected
}
