package kubeevents

import (
	"slices"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Notice is one failure that needs a person, or the end of one.
type Notice struct {
	Reason  string // CamelCase, one of the kinds'
	Action  string // CamelCase, what Ottoscaler did
	Subject string // separates those of one Reason that need different fixes: a template, a code; bounded
	Message string // what happened, to which event, worker or template; may quote others: neither bounded nor clean
	Fix     string // the code and what to do; empty: nothing
	Normal  bool   // it is no warning, but the end of what was one
}

// Recorder writes notices.
type Recorder interface {
	// Record returns at once and never fails. It may be called by several goroutines.
	Record(n Notice)
}

// kind is one Reason of Events, and its causes: failures by their codes, or workers by the reason of their end.
type kind struct {
	reason, action string
	codes          []errcode.Code
	workerReasons  []string
}

var (
	templateParked    = kind{"TemplateParked", "Park", []errcode.Code{errcode.TemplateParked}, nil}
	accessDenied      = kind{"AccessDenied", "Wait", []errcode.Code{errcode.CreateFailed, errcode.DeleteFailed, errcode.WatchInterrupted}, nil}
	nameTaken         = kind{"NameTaken", "Wait", []errcode.Code{errcode.NameConflict}, nil}
	streamOwned       = kind{"StreamOwned", "StandBy", []errcode.Code{errcode.StreamOwned}, nil}
	recordsRestored   = kind{"RecordsRestored", "Restore", []errcode.Code{errcode.RedisDataLost}, nil}
	entryRejected     = kind{"EntryRejected", "Reject", []errcode.Code{errcode.EntryRejected, errcode.EntryTrimmed, errcode.EntryPoison}, nil}
	cannotStart       = kind{"WorkerCannotStart", "Fail", nil, failed(worker.ClassStart)}
	attemptsExhausted = kind{"AttemptsExhausted", "Fail", nil, failed(worker.ClassInfrastructure)}
	workerStuck       = kind{"WorkerStuck", "GiveUp", nil, []string{worker.ReasonNodeLost}}
	breakerOpen       = kind{"BreakerOpen", "Try", []errcode.Code{errcode.BreakerOpen}, nil}
	queuePaused       = kind{"QueuePaused", "Wait", []errcode.Code{errcode.QueuePaused}, nil}
	reloadFailed      = kind{"ReloadFailed", "Keep", []errcode.Code{errcode.ReloadFailed}, nil}
	workerLost        = kind{"WorkerLost", "GiveUp", nil, lost()}
)

// failed are the reasons of a class that a failed worker can have.
func failed(c worker.Class) []string {
	return worker.ReasonNames(func(r worker.Reason) bool { return r.Class == c && slices.Contains(r.States, worker.StateFailed) })
}

// lost are the reasons that a lost worker can have, but for that of workerStuck.
func lost() []string {
	return worker.ReasonNames(func(r worker.Reason) bool {
		return slices.Contains(r.States, worker.StateLost) && r.Name != worker.ReasonNodeLost
	})
}

// kinds are in the order of docs/events.md.
var kinds = []kind{
	templateParked, accessDenied, nameTaken, streamOwned, recordsRestored, entryRejected, cannotStart, attemptsExhausted,
	workerStuck, workerLost, breakerOpen, queuePaused, reloadFailed,
}

// The ends of two of them are told too. They are no warnings.
var (
	breakerClosed = kind{"BreakerClosed", "Start", breakerOpen.codes, nil}
	queueResumed  = kind{"QueueResumed", "Start", queuePaused.codes, nil}
)

// endings are the kinds that end another one, in the order of docs/events.md.
var endings = []struct{ kind, of kind }{{breakerClosed, breakerOpen}, {queueResumed, queuePaused}}

// notice is one of the kind.
func (k kind) notice(code errcode.Code, fix, subject, message string) Notice {
	return Notice{Reason: k.reason, Action: k.action, Subject: subject, Message: message, Fix: string(code) + ": " + fix}
}

// ending is one of a kind of endings.
func (k kind) ending(subject, message string) Notice {
	return Notice{Reason: k.reason, Action: k.action, Subject: subject, Message: message, Normal: true}
}
