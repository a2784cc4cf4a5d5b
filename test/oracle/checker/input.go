package checker

import (
	"errors"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Input says where the traces of one run are. The run must be idle before it is checked.
type Input struct {
	AuditLog  string         // the API server's, JSON lines
	From      time.Time      // audit events received before belong to another run
	Monitor   string         // a file that Record wrote; empty: O3 and O4 cannot be checked, which counts as a failure
	Redis     *redis.Options // where to read the end state
	Stream    string         // default otto:scale:events
	Group     string         // default ottoscaler
	Namespace string         // of the workers
	// LeaseNamespace is the second namespace the product may touch; empty: the same.
	LeaseNamespace string
	User           string // system:serviceaccount:<namespace>:<name>

	MaxInFlight int           // POSTs at once: the ceiling of what the product chooses by itself; default 32
	MaxPods     int           // the highest pod_count; default 1000
	Templates   []string      // names that an entry may use
	Deadline    time.Duration // the highest deadline_seconds, whatever the template; default 6h; negative: none

	Priorities []string // the classes of priority that an entry may name; default low and normal
	Overrides  bool     // an entry may change image, cpu and memory

	Capacity int              // OTTO_MAX_WORKERS; default 100
	Queues   map[string]Queue // the operator's; not empty: O14 checks the shares. Other queues have the zero Queue

	Granted []string // "create pods", "get leases", …; empty: O6 is skipped
	Exact   bool     // O6: every verb granted must also have been used: for the traces of a whole suite

	Leftover []string // worker Pods that still exist at the end
	Idle     bool     // nothing was sent on purpose; otherwise a run without an entry is an error
	Fault    Fault
}

// Queue is what the operator grants one queue.
type Queue struct {
	Weight     int64 // 0: 1
	MaxWorkers int   // 0: no cap of its own
}

// Fault says which faults were injected into the run. Their legitimate effects are then no findings; O6, O8 and O9 apply to
// runs without faults and are skipped with any.
type Fault struct {
	Killed     bool // the product was killed, stopped or frozen under load: responses to its POSTs may be missing
	APIServer  bool // the API server was down, slow or unreachable: the same
	LostAudit  bool // the API server was killed: its last requests may be missing from the audit log
	Redis      bool // Redis was down or unreachable: MONITOR may have gaps
	LostWrites bool // Redis lost acknowledged writes (FLUSHALL, killed without AOF)
	Trimmed    bool // entries were deleted from the stream: their dead letters are no finding
	Denied     bool // permissions were revoked, a token expired, a quota or admission policy refused
	Others     bool // another client deleted, created or edited Pods
}

func (in *Input) healthy() bool { return in.Fault == Fault{} }

// unanswered: a POST may have created its Pod although its response was lost.
func (f Fault) unanswered() bool { return f.Killed || f.APIServer }

// complete sets defaults and returns an error for a missing required field.
func (in *Input) complete() error {
	if in.AuditLog == "" || in.Redis == nil || in.Namespace == "" || in.User == "" {
		return errors.New("the audit log, Redis, the namespace and the user are required")
	}
	setDefault(&in.Stream, "otto:scale:events")
	setDefault(&in.Group, "ottoscaler")
	setDefault(&in.LeaseNamespace, in.Namespace)
	setDefault(&in.MaxInFlight, 32)
	setDefault(&in.MaxPods, 1000)
	setDefault(&in.Capacity, 100)
	setDefault(&in.Deadline, 6*time.Hour)
	if in.Priorities == nil {
		in.Priorities = []string{"low", "normal"}
	}
	return nil
}

func setDefault[T comparable](to *T, value T) {
	var zero T
	if *to == zero {
		*to = value
	}
}

// key is the name of a key that belongs to the stream: `{stream}:name`, or `stream:name` if the stream has a hash tag.
func (in *Input) key(name string) string {
	_, rest, opened := strings.Cut(in.Stream, "{")
	tag, _, closed := strings.Cut(rest, "}")
	if opened && closed && tag != "" {
		return in.Stream + ":" + name
	}
	return "{" + in.Stream + "}:" + name
}
