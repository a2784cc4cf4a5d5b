package worker

import (
	"slices"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
)

// Class says what a reason is about.
type Class uint8

// The classes of reasons.
const (
	ClassProgram        Class = iota // the program ended by itself or at its own limits
	ClassStart                       // the program could not start
	ClassInfrastructure              // the cluster ended the Pod: it is retried up to the limit
	ClassLost                        // how it ended is unknown
	ClassRemoval                     // it was removed on purpose
)

// The reasons that Ottoscaler gives itself. All others are those of Kubernetes.
const (
	ReasonRefused       = "Refused"
	ReasonNameTaken     = "NameTaken"
	ReasonUnschedulable = "Unschedulable"
	ReasonStartTimeout  = "StartTimeout"
	ReasonNodeLost      = "NodeLost"
	ReasonMissing       = "Missing"
	ReasonRecordLost    = "RecordLost"
	ReasonDeleted       = "Deleted"
	ReasonScaledDown    = "ScaledDown"
	ReasonCancelled     = "Cancelled"
	ReasonStartDeadline = "StartDeadlineExceeded"
)

// Reason is why a worker waits, is retried or has ended. The verdict on a Pod, metric labels, `check`, Kubernetes Events, the
// alert OttoscalerWorkersCannotStart and the documentation derive from the one table of them.
type Reason struct {
	Name      string // CamelCase, as on the status stream
	Class     Class
	Code      errcode.Code // empty: nothing to fix, or the program's own failure
	Waiting   Waiting      // its meaning as the reason of a container that has not started
	Disrupted bool         // as the reason of a Pod: the kubelet ended it for the node's sake
	Rejected  bool         // as the reason of a Pod: the kubelet did not admit it
	Unknown   bool         // as the reason of a container: the node made up how it ended
	States    []State      // the states of a worker that can have it; none: only a Pod that waits shows it
	Cause     string       // for people, Markdown; empty without a Code
	Fix       string       // for people, Markdown; empty without a Code
}

// Reasons are all known ones. A Pod may show others: they are kept as they are, and metrics count them as other.
func Reasons() []Reason { return slices.Clone(reasons) }

// ReasonOf returns the row of a reason; not ok: the table does not have it, and only Name is set.
func ReasonOf(name string) (r Reason, ok bool) {
	for i := range reasons { // by index: a Reason is large
		if reasons[i].Name == name {
			return reasons[i], true
		}
	}
	return Reason{Name: name}, false
}

// ReasonNames are the sorted names of the reasons that fit.
func ReasonNames(fits func(Reason) bool) []string {
	var names []string
	for _, r := range reasons {
		if fits(r) {
			names = append(names, r.Name)
		}
	}
	slices.Sort(names)
	return names
}
