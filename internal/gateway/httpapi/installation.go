package httpapi

import (
	"net/http"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/text"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Installation is how everything stands. What is not known is left out, and Failures say why.
type Installation struct {
	Healthy    bool                     `json:"healthy"` // there are no failures
	Version    string                   `json:"version"` // of this gateway
	Write      bool                     `json:"write"`   // whether this gateway writes
	Namespace  string                   `json:"namespace,omitempty"`
	Instance   string                   `json:"instance"`
	Redis      *RedisState              `json:"redis,omitempty"`
	Kubernetes *KubernetesState         `json:"kubernetes,omitempty"`
	Leader     *LeaderState             `json:"leader,omitempty"`
	Limits     Limits                   `json:"limits"`
	Stream     *StreamState             `json:"stream,omitempty"`
	Paused     map[string]worker.Paused `json:"paused"`
	Failures   []Failure                `json:"failures"`
}

// RedisState is what Redis says of itself.
type RedisState struct {
	Version  string `json:"version,omitempty"`
	Role     string `json:"role,omitempty"`
	AOF      bool   `json:"append_only_file"`
	Eviction string `json:"maxmemory_policy,omitempty"`
}

// KubernetesState is what the API server says of itself.
type KubernetesState struct {
	Version string `json:"version"`
}

// LeaderState is who acts.
type LeaderState struct {
	Holder     string `json:"holder"` // empty: nobody
	MaxWorkers int    `json:"max_workers,omitempty"`
}

// Limits are those that this gateway was configured with, as the Main Pod should be.
type Limits struct {
	MaxWorkers       int `json:"max_workers"`
	MaxPodsPerEvent  int `json:"max_pods_per_event"`
	MaxWaitingEvents int `json:"max_waiting_events"`
	MaxAttempts      int `json:"max_attempts"`
}

// StreamState are counts of the streams.
type StreamState struct {
	Name        string `json:"name"`
	Group       string `json:"group"`
	Owner       string `json:"owner,omitempty"`
	Length      int64  `json:"length"`
	Pending     int64  `json:"pending"`
	Lag         int64  `json:"lag"` // -1: not known
	DeadLetters int64  `json:"dead_letters"`
}

// Failure is something to fix.
type Failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Detail  string `json:"detail"`
	Fix     string `json:"fix"`
}

// NewFailure is that of an error code.
func NewFailure(c errcode.Code, err error) Failure {
	e := c.Entry()
	return Failure{Code: string(c), Message: e.Message, Detail: text.Head(err.Error(), maxDetail), Fix: e.Fix}
}

func (s *Server) getInstallation(r *http.Request, who *Principal) (answer, error) {
	if err := query(r).err; err != nil {
		return answer{}, err
	}
	in := s.opts.Installed(r.Context())
	in.Paused = visiblePauses(in.Paused, who)
	if in.Paused == nil {
		in.Paused = map[string]worker.Paused{}
	}
	if in.Failures == nil {
		in.Failures = []Failure{}
	}
	in.Healthy = len(in.Failures) == 0
	return answer{body: in}, nil
}
