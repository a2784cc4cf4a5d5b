package statedir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/jsonfile"
)

// Ready describes a running cluster to scripts and tests. The file exists exactly while the cluster is
// ready: it is written atomically and removed before any component is stopped.
type Ready struct {
	Dir        string         `json:"dir"`
	PID        int            `json:"pid"` // of `devcluster up`
	Kubeconfig string         `json:"kubeconfig"`
	APIServer  string         `json:"api_server"` // https://127.0.0.1:port
	Node       string         `json:"node"`       // containerd, kwok or none
	Nodes      []string       `json:"nodes"`
	AuditLog   string         `json:"audit_log,omitempty"`
	ServiceIP  string         `json:"service_ip"`
	Socket     string         `json:"socket"`
	Components map[string]int `json:"components"` // name to process ID at the start
	StartedAt  time.Time      `json:"started_at"`
}

// State is kept between runs, so that ports and addresses stay the same while they are free.
type State struct {
	Ports map[string]int `json:"ports"`
	CIDR  string         `json:"cidr"`
}

// ErrNotRunning means that no cluster is ready in the folder.
var ErrNotRunning = errors.New("no cluster is running")

// ReadReady describes the cluster that runs in the folder. Without one the error is ErrNotRunning.
func (d Dir) ReadReady() (Ready, error) {
	var r Ready
	err := jsonfile.Read(d.ready(), &r)
	if errors.Is(err, fs.ErrNotExist) {
		return r, fmt.Errorf("%w: %s (start one with `devcluster up`, or name its folder with --dir or DEVCLUSTER_DIR)", ErrNotRunning, d)
	}
	return r, err
}

func (d Dir) WriteReady(r Ready) error { return jsonfile.Write(d.ready(), r) }

func (d Dir) RemoveReady() error {
	if err := os.Remove(d.ready()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// ReadState returns the zero State when the file is missing or invalid.
func (d Dir) ReadState() State {
	var s State
	if err := jsonfile.Read(d.state(), &s); err != nil {
		return State{}
	}
	return s
}

func (d Dir) WriteState(s State) error { return jsonfile.Write(d.state(), s) }
