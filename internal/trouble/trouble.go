// Package trouble lists every failure that a person can meet: one code for each, with its cause and what mends it. The
// code stands in log lines, exit messages and what the commands print; docs/troubleshooting.md is made from this list.
//
// A failure is known by the constant message it is logged with, so those who log need not know their codes: the log's
// handler adds them. Tests hold the list, the source and the document together.
package trouble

import "strings"

//go:generate go test -run ^TestDocument$ -update .

// Trouble is one failure.
type Trouble struct {
	Code    string // OTTO and three digits; never used again for another failure
	Message string // the literal words: a log line's message, what an exit message begins with, or a worker's reason
	Cause   string // for people, Markdown
	Mend    string // for people, Markdown
}

// String is how an exit message begins.
func (t Trouble) String() string { return t.Code + ": " + t.Message }

// Of returns the trouble with these literal words.
func Of(message string) (Trouble, bool) {
	t, known := byMessage[message]
	return t, known
}

// OfReason returns the code of a `reason` on the status stream; empty: a person can do nothing about it, or the program's
// own end is the reason.
func OfReason(reason string) string { return byReason[reason] }

// All returns every one in the order of its code.
func All() []Trouble { return append([]Trouble(nil), all...) }

var byMessage = func() map[string]Trouble {
	m := make(map[string]Trouble, len(all))
	for _, t := range all {
		m[t.Message] = t
	}
	return m
}()

// byReason are those of the fifth kind: to tell them from a message that reads alike.
var byReason = func() map[string]string {
	m := make(map[string]string)
	for _, t := range all {
		if strings.HasPrefix(t.Code, "OTTO5") {
			m[t.Message] = t.Code
		}
	}
	return m
}()

// Rejected is what is said of an entry that is no valid event.
const Rejected = "entry rejected"

// What `ottoscaler check` finds.
const (
	OldRedis     = "Redis is too old"
	Replica      = "Redis is a replica"
	NoDisk       = "Redis keeps nothing on disk"
	Evicts       = "Redis may throw records away"
	Denied       = "Redis' ACL forbids commands"
	Foreign      = "the stream is another installation's"
	NoGroup      = "nobody has read the stream yet"
	Stuck        = "an entry has been pending for long"
	NoRight      = "a right in Kubernetes is missing"
	RefusedNow   = "the API server would refuse the template's Pods"
	WrongClock   = "the clocks differ"
	NotAskedKube = "the API server did not answer the question"
	CannotStart  = "workers cannot start"
)

// What ends a start. The first word of an exit message is the code.
const (
	Configuration = "the configuration is wrong"
	Template      = "a worker template cannot be used"
	Port          = "health and metrics cannot be served"
	Redis         = "Redis cannot be used"
	Kubernetes    = "Kubernetes cannot be used"
	Access        = "the way to Kubernetes is not known"
)
