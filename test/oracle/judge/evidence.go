package judge

import (
	"errors"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Evidence says where the traces of one run are. The run must have come to rest before it is judged.
type Evidence struct {
	AuditLog  string         // the API server's, JSON lines
	From      time.Time      // audit events received before are not of this run
	Monitor   string         // a file that Record wrote; empty: O3 and O4 cannot be judged, which counts as a failure
	Redis     *redis.Options // where the end state is
	Stream    string         // default otto:scale:events
	Group     string         // default ottoscaler
	Namespace string         // where the workers live
	// LeaseNamespace is the second namespace the product may touch; empty: the same.
	LeaseNamespace string
	User           string // system:serviceaccount:<namespace>:<name>

	MaxInFlight int           // POSTs at once; default 32
	MaxPods     int           // the highest pod_count; default 1000
	Templates   []string      // names that an entry may use
	Deadline    time.Duration // the highest deadline_seconds, whatever the template; default 6h; negative: none

	Granted []string // "create pods", "get leases", …; empty: O6 is not judged
	Exact   bool     // O6: every verb granted must have been used, too: for the evidence of a whole suite

	Leftover []string // Pods of ours that were still there at the end
	Idle     bool     // nothing was sent on purpose; otherwise a run without a single entry is an error
	Fault    Fault
}

// Fault says what was done to the run on purpose. What it legitimately causes is then no finding; O6, O8 and O9 speak
// of healthy runs and are waived with any.
type Fault struct {
	Killed     bool // the product was killed, stopped or frozen under load: answers to its POSTs may be missing
	APIServer  bool // the API server was down, slow or cut off: the same
	LostAudit  bool // the API server was killed: what it did and showed last may not stand in its audit log
	Redis      bool // Redis was down or cut off: MONITOR may have gaps
	LostWrites bool // Redis forgot writes that it had acknowledged (FLUSHALL, killed without AOF)
	Trimmed    bool // entries were deleted from the stream: their dead letters are no finding
	Denied     bool // rights were withdrawn, a token expired, a quota or an admission refused
	Others     bool // somebody else deleted, made or edited Pods
}

func (e *Evidence) healthy() bool { return e.Fault == Fault{} }

// unanswered: a POST may have made its Pod although nobody was told.
func (f Fault) unanswered() bool { return f.Killed || f.APIServer }

// complete fills in what was left out, and says what cannot be.
func (e *Evidence) complete() error {
	if e.AuditLog == "" || e.Redis == nil || e.Namespace == "" || e.User == "" {
		return errors.New("the audit log, Redis, the namespace and the user must be given")
	}
	setDefault(&e.Stream, "otto:scale:events")
	setDefault(&e.Group, "ottoscaler")
	setDefault(&e.LeaseNamespace, e.Namespace)
	setDefault(&e.MaxInFlight, 32)
	setDefault(&e.MaxPods, 1000)
	setDefault(&e.Deadline, 6*time.Hour)
	return nil
}

func setDefault[T comparable](to *T, value T) {
	var zero T
	if *to == zero {
		*to = value
	}
}

// side is the name of a key beside the stream: `{stream}:name`, or `stream:name` where the stream has a hash tag.
func (e *Evidence) side(name string) string {
	_, rest, opened := strings.Cut(e.Stream, "{")
	tag, _, closed := strings.Cut(rest, "}")
	if opened && closed && tag != "" {
		return e.Stream + ":" + name
	}
	return "{" + e.Stream + "}:" + name
}
