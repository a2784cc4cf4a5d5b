package statedir

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// Ready describes a running cluster to scripts and tests. The file exists exactly while the cluster is
// ready: it is written in one piece and removed before anything is stopped.
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
	Components map[string]int `json:"components"` // name to process id at the start
	StartedAt  time.Time      `json:"started_at"`
}

// State is what one run leaves to the next: the addresses, so that they stay the same when they are free.
type State struct {
	Ports map[string]int `json:"ports"`
	CIDR  string         `json:"cidr"`
}

// ErrDown says that no ready cluster runs in the folder.
var ErrDown = errors.New("no cluster is ready there")

// ReadReady returns what runs in the folder; ErrDown if nothing does.
func (d Dir) ReadReady() (Ready, error) {
	var r Ready
	err := readJSON(d.ready(), &r)
	if errors.Is(err, fs.ErrNotExist) {
		return r, fmt.Errorf("%w: %s (start one with `devcluster up`, or name its folder with --dir or DEVCLUSTER_DIR)", ErrDown, d)
	}
	return r, err
}

func (d Dir) WriteReady(r Ready) error { return writeJSON(d.ready(), r) }

func (d Dir) RemoveReady() error {
	if err := os.Remove(d.ready()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// ReadState returns the zero State when there is none, or none that can be read.
func (d Dir) ReadState() State {
	var s State
	if err := readJSON(d.state(), &s); err != nil {
		return State{}
	}
	return s
}

func (d Dir) WriteState(s State) error { return writeJSON(d.state(), s) }

func readJSON(path string, into any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	return nil
}

func writeJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := os.WriteFile(path+".new", append(data, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
