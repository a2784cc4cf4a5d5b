package notice

import (
	"slices"

	"github.com/ottoscaler/ottoscaler/internal/trouble"
)

// Notice is one thing that needs a person.
type Notice struct {
	Reason string // CamelCase, one of the kinds'
	Action string // CamelCase, what was done about it
	About  string // tells those of one Reason apart that need different things: a template, a code; bounded
	What   string // what happened, to which event, worker or template; others may have written it: not bounded, not clean
	Then   string // the code and what to do; ours
}

// Recorder makes notices known.
type Recorder interface {
	// Record returns at once and never fails. It may be called by several goroutines.
	Record(n Notice)
}

// kind is one Reason, and the troubles that it stands for by their literal words.
type kind struct {
	reason, action string
	troubles       []string
}

var (
	templateParked = kind{"TemplateParked", "Park", []string{
		"the API server refuses the template's Pods, trying again every five seconds",
	}}
	accessDenied = kind{"AccessDenied", "Wait", []string{
		mayNotCreate, mayNotDelete, mayNotWatch,
	}}
	nameTaken = kind{"NameTaken", "Wait", []string{
		"a Pod that is not ours has the worker's name, trying again",
	}}
	streamOwned = kind{"StreamOwned", "StandBy", []string{
		"nothing is done: the stream belongs to another installation",
	}}
	recordsRestored = kind{"RecordsRestored", "Restore", []string{
		"Redis was emptied: writing the records of the open events anew",
	}}
	entryRejected = kind{"EntryRejected", "Reject", []string{
		trouble.Rejected, "trimmed", "poison",
	}}
	cannotStart = kind{"WorkerCannotStart", "Fail", []string{
		"Refused", "NameTaken", "Unschedulable", "ErrImagePull", "ImagePullBackOff", "InvalidImageName",
		"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "StartError", "ContainerCannotRun",
		"ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed", "PreCreateHookError",
		"PreStartHookError",
	}}
	attemptsExhausted = kind{"AttemptsExhausted", "Fail", []string{
		"Evicted", "Preempting", "PreemptionByScheduler", "NodeShutdown", "Terminated", "TerminationByKubelet",
		"DeletionByTaintManager", "DeletionByPodGC", "EvictionByEvictionAPI", "UnexpectedAdmissionError", "NodeAffinity",
	}}
	workerStuck = kind{"WorkerStuck", "GiveUp", []string{"NodeLost"}}
	workerLost  = kind{"WorkerLost", "GiveUp", []string{"Missing", "RecordLost"}}
)

const (
	mayNotCreate = "creating Pods failed, trying again"
	mayNotDelete = "deleting a Pod failed, trying again"
	mayNotWatch  = "the watch of Pods is interrupted, trying again"
)

// kinds are in the order of docs/events.md.
var kinds = []kind{
	templateParked, accessDenied, nameTaken, streamOwned, recordsRestored, entryRejected, cannotStart, attemptsExhausted,
	workerStuck, workerLost,
}

// has reports whether the kind stands for the trouble.
func (k kind) has(words string) bool { return slices.Contains(k.troubles, words) }

// notice is one of the kind, because of the trouble with these words.
func (k kind) notice(words, about, what string) Notice {
	t, _ := trouble.Of(words)
	return Notice{Reason: k.reason, Action: k.action, About: about, What: what, Then: t.Code + ": " + t.Mend}
}
