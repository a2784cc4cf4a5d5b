package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	clusterStartLimit = 2 * time.Minute
	clusterStopLimit  = 75 * time.Second // devcluster's own limit for the node is a minute
	clusterCleanLimit = time.Minute

	nodeReal = "containerd"
)

// clusterInfo is the part of devcluster's ready.json that the demo needs.
type clusterInfo struct {
	Dir        string `json:"dir"`
	Kubeconfig string `json:"kubeconfig"`
	APIServer  string `json:"api_server"`
	Node       string `json:"node"`
	AuditLog   string `json:"audit_log"`
}

func (s *stack) clusterDir() string { return filepath.Join(s.dir, "cluster") }

func (s *stack) startCluster(ctx context.Context) error {
	began := time.Now()
	s.out.say("%s  starting devcluster up --node %s", s.out.bold("Kubernetes"), s.node)
	cmd := exec.Command(s.devclusterPath, "up", "--dir", s.clusterDir(), "--node", s.node)
	lines := &progressLines{say: func(line string) { s.out.say("  %s", s.out.dim(line)) }}
	p, err := startProcess("devcluster", s.logs("devcluster.log"), cmd, lines, s.died)
	if err := s.supervise(p, err, clusterStopLimit); err != nil {
		return err
	}
	err = waitFor(ctx, "the Kubernetes cluster to be ready", clusterStartLimit, s.readReady)
	if err != nil {
		return p.withLog(err)
	}
	s.out.say("%s  ready %s", s.out.bold("          "), s.out.dim("· "+formatDuration(time.Since(began))))
	return nil
}

// readReady reads the file that exists only while the cluster is ready.
func (s *stack) readReady(context.Context) error {
	data, err := os.ReadFile(filepath.Join(s.clusterDir(), "ready.json"))
	if err != nil {
		return err
	}
	return json.Unmarshal(data, &s.cluster)
}

// cleanCluster removes what a killed devcluster may have left: containers, mounts, network. After a normal stop there is
// nothing to do.
func (s *stack) cleanCluster() error {
	if _, err := os.Stat(s.clusterDir()); os.IsNotExist(err) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), clusterCleanLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.devclusterPath, "clean", "--dir", s.clusterDir())
	cmd.SysProcAttr = processGroup()
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("devcluster clean: %w: %s", err, bytes.TrimSpace(output))
	}
	return nil
}

// progressLines passes on devcluster's lines about the chosen node and its start. The first line is a title, and those after
// the start are for interactive use.
type progressLines struct {
	say  func(line string)
	rest string
	over bool
}

func (p *progressLines) Write(b []byte) (int, error) {
	p.rest += string(b)
	for {
		line, rest, complete := strings.Cut(p.rest, "\n")
		if !complete {
			return len(b), nil
		}
		p.rest = rest
		p.over = p.over || strings.HasPrefix(line, "WHAT IS REAL")
		if !p.over && strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "devcluster ") {
			p.say(line)
		}
	}
}
