package kubeevents

import (
	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Notice is one thing that needs a person.
type Notice struct {
	Reason string // CamelCase, one of the kinds'
	Action string // CamelCase, what was done about it
	About  string // tells those of one Reason apart that need different things: a template, a code; bounded
	What   string // what happened, to which event, worker or template; others may have written it: not bounded, not clean
	Fix    string // the code and what to do; ours
}

// Recorder makes notices known.
type Recorder interface {
	// Record returns at once and never fails. It may be called by several goroutines.
	Record(n Notice)
}

// kind is one Reason of Events, and what brings it about: failures by their codes, or workers whose reason is of a class.
type kind struct {
	reason, action string
	codes          []errcode.Code
	reasons        []string // of workers
}

var (
	templateParked    = kind{reason: "TemplateParked", action: "Park", codes: []errcode.Code{errcode.TemplateParked}}
	accessDenied      = kind{reason: "AccessDenied", action: "Wait", codes: []errcode.Code{errcode.CreateFailed, errcode.DeleteFailed, errcode.WatchInterrupted}}
	nameTaken         = kind{reason: "NameTaken", action: "Wait", codes: []errcode.Code{errcode.NameConflict}}
	streamOwned       = kind{reason: "StreamOwned", action: "StandBy", codes: []errcode.Code{errcode.StreamOwned}}
	recordsRestored   = kind{reason: "RecordsRestored", action: "Restore", codes: []errcode.Code{errcode.RedisDataLost}}
	entryRejected     = kind{reason: "EntryRejected", action: "Reject", codes: []errcode.Code{errcode.EntryRejected, errcode.EntryTrimmed, errcode.EntryPoison}}
	cannotStart       = kind{reason: "WorkerCannotStart", action: "Fail", reasons: ofClass(worker.ClassStart)}
	attemptsExhausted = kind{reason: "AttemptsExhausted", action: "Fail", reasons: ofClass(worker.ClassInfrastructure)}
	workerStuck       = kind{reason: "WorkerStuck", action: "GiveUp", reasons: []string{worker.ReasonNodeLost}}
	workerLost        = kind{reason: "WorkerLost", action: "GiveUp", reasons: []string{worker.ReasonMissing, worker.ReasonRecordLost}}
)

func ofClass(c worker.Class) []string {
	return worker.ReasonNames(func(r worker.Reason) bool { return r.Class == c })
}

// kinds are in the order of docs/events.md.
var kinds = []kind{
	templateParked, accessDenied, nameTaken, streamOwned, recordsRestored, entryRejected, cannotStart, attemptsExhausted,
	workerStuck, workerLost,
}

// notice is one of the kind.
func (k kind) notice(code errcode.Code, fix, about, what string) Notice {
	return Notice{Reason: k.reason, Action: k.action, About: about, What: what, Fix: string(code) + ": " + fix}
}
