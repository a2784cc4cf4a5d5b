//go:build real

// Package harness starts real parts for tests: a Kubernetes (devcluster), a Redis and the product's binary, each as its own
// process.
package harness

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const (
	upLimit   = 3 * time.Minute
	stopLimit = time.Minute
)

// Cluster is one running devcluster.
type Cluster struct {
	Dir        string
	Kubeconfig string // of the admin
	AuditLog   string
	Node       string // containerd, kwok or none
	ServiceIP  string // this machine's address for Pods

	binary string
	up     *exec.Cmd
	output bytes.Buffer
	ended  chan struct{}
}

// StartCluster starts a cluster with that kind of node and further flags of `devcluster up`. TestMain calls it and Stop.
func StartCluster(node string, flags ...string) (*Cluster, error) {
	binary, err := binary("DEVCLUSTER", "devcluster")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "ottotest-")
	if err != nil {
		return nil, err
	}
	c := &Cluster{Dir: dir, binary: binary, ended: make(chan struct{})}
	c.up = exec.Command(binary, append([]string{"up", "--dir", dir, "--node", node}, flags...)...)
	c.up.Stdout, c.up.Stderr = &c.output, &c.output
	if err := c.up.Start(); err != nil {
		return nil, fmt.Errorf("starting devcluster: %w", err)
	}
	go func() {
		_ = c.up.Wait() // its output says more than its exit code
		close(c.ended)
	}()
	if err := c.ready(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, c.Stop())
	}
	return c, nil
}

func (c *Cluster) ready() error {
	if out, err := exec.Command(c.binary, "wait", "--dir", c.Dir, "--timeout", upLimit.String()).CombinedOutput(); err != nil {
		return fmt.Errorf("devcluster is not ready: %w: %s", err, out)
	}
	data, err := os.ReadFile(filepath.Join(c.Dir, "ready.json"))
	if err != nil {
		return err
	}
	var r struct {
		Kubeconfig string `json:"kubeconfig"`
		AuditLog   string `json:"audit_log"`
		Node       string `json:"node"`
		ServiceIP  string `json:"service_ip"`
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return fmt.Errorf("ready.json: %w", err)
	}
	c.Kubeconfig, c.AuditLog, c.Node, c.ServiceIP = r.Kubeconfig, r.AuditLog, r.Node, r.ServiceIP
	return nil
}

// Stop stops the cluster and returns its output.
func (c *Cluster) Stop() string {
	_ = c.up.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.ended:
	case <-time.After(stopLimit):
		_ = c.up.Process.Kill()
		<-c.ended
		_ = exec.Command(c.binary, "clean", "--dir", c.Dir).Run()
	}
	_ = os.RemoveAll(c.Dir)
	return c.output.String()
}

// Kubectl runs kubectl as admin and returns its output.
func (c *Cluster) Kubectl(args ...string) (string, error) {
	cmd := exec.Command(c.binary, append([]string{"kubectl", "--kubeconfig", c.Kubeconfig}, args...)...)
	cmd.Env = append(os.Environ(), "DEVCLUSTER_DIR="+c.Dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("kubectl %v: %w: %s", args, err, out)
	}
	return string(out), nil
}

// Fault runs one of devcluster's fault commands: kill, freeze, thaw or start, and the component.
func (c *Cluster) Fault(command, component string) error {
	if out, err := exec.Command(c.binary, command, component, "--dir", c.Dir).CombinedOutput(); err != nil {
		return fmt.Errorf("devcluster %s %s: %w: %s", command, component, err, out)
	}
	return nil
}

// accountKubeconfig returns the kubeconfig of a ServiceAccount.
func (c *Cluster) accountKubeconfig(namespace, name string) ([]byte, error) {
	out, err := exec.Command(c.binary, "kubeconfig", "--dir", c.Dir, "--serviceaccount", namespace+"/"+name).Output()
	if err != nil {
		return nil, fmt.Errorf("devcluster kubeconfig: %w", err)
	}
	return out, nil
}

// binary is the path of a program of `make build`: from the variable, else in bin/.
func binary(variable, name string) (string, error) {
	if path := os.Getenv(variable); path != "" {
		return path, nil
	}
	path, err := filepath.Abs(filepath.Join("..", "..", "bin", name))
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%w: run `make build` first, or name the binary in %s", err, variable)
	}
	return path, nil
}
