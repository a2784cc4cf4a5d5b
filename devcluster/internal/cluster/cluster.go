package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/control"
	"github.com/ottoscaler/ottoscaler/devcluster/internal/fidelity"
	"github.com/ottoscaler/ottoscaler/devcluster/internal/kube"
	"github.com/ottoscaler/ottoscaler/devcluster/internal/ports"
	"github.com/ottoscaler/ottoscaler/devcluster/internal/statedir"
	"github.com/ottoscaler/ottoscaler/devcluster/internal/supervisor"
)

// Config describes the cluster to run.
type Config struct {
	Dir        statedir.Dir
	Executable string   // path of this binary, which contains all components
	Node       string   // fidelity.Containerd, Kwok or None; see ResolveNode
	Nodes      int      // number of simulated nodes
	Images     []string // docker-archive tars for the real node
	Audit      bool
	NodeGrace  time.Duration // time without a heartbeat after which a node counts as lost
	EvictAfter time.Duration // time until the Pods of a lost node are deleted
	Out        io.Writer     // progress messages
	Logger     *slog.Logger
}

// Cluster is one run of one cluster.
type Cluster struct {
	conf       Config
	dir        statedir.Dir
	alloc      ports.Allocation
	components *supervisor.Group
	client     *kube.Client // as the admin
	node       node
	out        *progress
}

// New starts nothing.
func New(conf Config) *Cluster {
	return &Cluster{
		conf: conf, dir: conf.Dir, components: supervisor.NewGroup(conf.Logger),
		out: &progress{w: conf.Out, start: time.Now()},
	}
}

// Run starts the cluster and serves until ctx ends, which is a success, or until a component exits unexpectedly.
// It returns when everything it started has been removed.
func (c *Cluster) Run(ctx context.Context) (err error) {
	cl := &cleanups{}
	defer func() { err = errors.Join(err, cl.run()) }()
	if err := c.prepare(ctx, cl); err != nil {
		return err
	}
	if err := c.start(ctx, cl); err != nil {
		if ctx.Err() != nil {
			return nil // interrupted while starting
		}
		return err
	}
	return c.serve(ctx, cl)
}

// prepare locks the folder and writes the files that the components read.
func (c *Cluster) prepare(ctx context.Context, cl *cleanups) error {
	if err := c.dir.Create(); err != nil {
		return err
	}
	unlock, err := c.dir.Lock()
	if err != nil {
		return err
	}
	cl.add("unlocking the folder", func() error { unlock(); return nil })
	if err := cleanUp(ctx, c.dir, c.conf.Logger); err != nil {
		return fmt.Errorf("cleaning up after an earlier run in %s: %w", c.dir, err)
	}
	if err := c.dir.Create(); err != nil {
		return err
	}
	if err := c.allocate(); err != nil {
		return err
	}
	if err := c.issueCredentials(); err != nil {
		return err
	}
	return os.WriteFile(c.dir.AuditPolicy(), []byte(auditPolicy), 0o600)
}

func (c *Cluster) allocate() error {
	previous := c.dir.ReadState()
	alloc, err := ports.Allocate(string(c.dir), previous.Ports, previous.CIDR, ports.Localhost{})
	if err != nil {
		return fmt.Errorf("allocating ports and addresses: %w", err)
	}
	c.alloc = alloc
	return c.dir.WriteState(statedir.State{Ports: alloc.Ports, CIDR: alloc.CIDR.String()})
}

// start returns when all components are ready and Pods can be scheduled.
func (c *Cluster) start(ctx context.Context, cl *cleanups) error {
	cl.add("stopping the components", c.components.StopAll)
	cl.add("removing ready.json", c.dir.RemoveReady)
	for _, s := range []supervisor.Spec{c.etcd(), c.apiServer()} {
		if err := c.startComponent(ctx, s); err != nil {
			return err
		}
	}
	c.node = c.newNode()
	group, ctx := errgroup.WithContext(ctx)
	for _, s := range []supervisor.Spec{c.controllerManager(), c.scheduler()} {
		group.Go(func() error { return c.startComponent(ctx, s) })
	}
	group.Go(func() error { return c.startNode(ctx, cl) })
	return group.Wait()
}

func (c *Cluster) startComponent(ctx context.Context, s supervisor.Spec) error {
	if err := c.components.Start(ctx, s); err != nil {
		return err
	}
	c.out.ready(s.Name)
	return nil
}

// serve writes ready.json and handles control requests until ctx ends or a component exits.
func (c *Cluster) serve(ctx context.Context, cl *cleanups) error {
	server, err := control.Listen(c.dir.Socket(), c.components)
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- server.Run(serving) }()
	cl.add("closing the control socket", func() error { stop(); return <-served })
	cl.add("removing ready.json", c.dir.RemoveReady)
	if err := c.dir.WriteReady(c.ready()); err != nil {
		return err
	}
	c.printSummary()
	select {
	case <-ctx.Done():
		c.out.printf("\nstopping…")
		return nil
	case e := <-c.components.Exited():
		return fmt.Errorf("%s exited unexpectedly: %w%s", e.Name, exitCause(e), e.LogTail)
	}
}

func exitCause(e supervisor.ExitEvent) error {
	if e.Err == nil {
		return errors.New("exit status 0")
	}
	return e.Err
}

func (c *Cluster) ready() statedir.Ready {
	pids := map[string]int{}
	for _, s := range c.components.Status() {
		pids[s.Name] = s.PID
	}
	r := statedir.Ready{
		Dir: string(c.dir), PID: os.Getpid(), Kubeconfig: c.dir.Kubeconfig(), APIServer: c.apiServerURL(),
		Node: c.conf.Node, Nodes: c.node.names(), ServiceIP: c.alloc.ServiceIP.String(),
		Socket: c.dir.Socket(), Components: pids, StartedAt: time.Now().UTC(),
	}
	if c.conf.Audit {
		r.AuditLog = c.dir.AuditLog()
	}
	return r
}

func (c *Cluster) printSummary() {
	c.out.printf("")
	_ = fidelity.Print(c.conf.Out, fidelity.Table(c.conf.Node))
	c.out.printf("\nKUBECONFIG=%s", c.dir.Kubeconfig())
	if c.conf.Audit {
		c.out.printf("audit log  %s", c.dir.AuditLog())
	}
	c.out.printf("logs       %s", c.dir.Log("*"))
	c.out.printf("\nready in %.1f s · Ctrl-C stops it and removes everything", time.Since(c.out.start).Seconds())
}

func (c *Cluster) apiServerURL() string { return "https://" + c.alloc.Address("kube-apiserver") }
