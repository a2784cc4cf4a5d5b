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
	"github.com/ottoscaler/ottoscaler/devcluster/internal/kube"
	"github.com/ottoscaler/ottoscaler/devcluster/internal/netplan"
	"github.com/ottoscaler/ottoscaler/devcluster/internal/proc"
	"github.com/ottoscaler/ottoscaler/devcluster/internal/statedir"
	"github.com/ottoscaler/ottoscaler/devcluster/internal/truth"
)

// Config says what cluster to run.
type Config struct {
	Dir        statedir.Dir
	Self       string   // path of this binary, which is all components
	Node       string   // truth.Containerd, Kwok or None; see Resolve
	Nodes      int      // how many simulated ones
	Images     []string // docker-archive tars for the real node
	Audit      bool
	NodeGrace  time.Duration // silence after which a node counts as lost
	EvictAfter time.Duration // how long Pods then stay bound to it
	Out        io.Writer     // progress for people
	Logger     *slog.Logger
}

// Cluster is one run of one cluster.
type Cluster struct {
	conf   Config
	dir    statedir.Dir
	plan   netplan.Plan
	procs  *proc.Group
	client *kube.Client // as the admin
	node   node
	out    *progress
}

// New starts nothing.
func New(conf Config) *Cluster {
	return &Cluster{conf: conf, dir: conf.Dir, procs: proc.NewGroup(conf.Logger), out: &progress{w: conf.Out, start: time.Now()}}
}

// Run starts the cluster and serves until ctx ends, which is a success, or until a component ends unasked.
// It returns when everything it started is gone.
func (c *Cluster) Run(ctx context.Context) (err error) {
	undo := &cleanups{}
	defer func() { err = errors.Join(err, undo.run()) }()
	if err := c.prepare(ctx, undo); err != nil {
		return err
	}
	if err := c.start(ctx, undo); err != nil {
		if ctx.Err() != nil {
			return nil // interrupted while starting
		}
		return err
	}
	return c.serve(ctx, undo)
}

// prepare owns the folder and fills it with what the components read.
func (c *Cluster) prepare(ctx context.Context, undo *cleanups) error {
	if err := c.dir.Create(); err != nil {
		return err
	}
	unlock, err := c.dir.Lock()
	if err != nil {
		return err
	}
	undo.add("unlocking the folder", func() error { unlock(); return nil })
	if err := cleanup(ctx, c.dir, c.conf.Logger); err != nil {
		return fmt.Errorf("removing what an earlier run left in %s: %w", c.dir, err)
	}
	if err := c.dir.Create(); err != nil {
		return err
	}
	if err := c.choosePlan(); err != nil {
		return err
	}
	if err := c.mint(); err != nil {
		return err
	}
	return os.WriteFile(c.dir.AuditPolicy(), []byte(auditPolicy), 0o600)
}

func (c *Cluster) choosePlan() error {
	before := c.dir.ReadState()
	plan, err := netplan.Choose(string(c.dir), before.Ports, before.CIDR, netplan.Local{})
	if err != nil {
		return fmt.Errorf("choosing addresses: %w", err)
	}
	c.plan = plan
	return c.dir.WriteState(statedir.State{Ports: plan.Ports, CIDR: plan.Slot.String()})
}

// start returns when all components are ready and the node takes Pods.
func (c *Cluster) start(ctx context.Context, undo *cleanups) error {
	undo.add("stopping the components", c.procs.StopAll)
	undo.add("withdrawing ready.json", c.dir.RemoveReady)
	for _, s := range []proc.Spec{c.etcd(), c.apiServer()} {
		if err := c.startOne(ctx, s); err != nil {
			return err
		}
	}
	c.node = c.newNode()
	group, ctx := errgroup.WithContext(ctx)
	for _, s := range []proc.Spec{c.controllerManager(), c.scheduler()} {
		group.Go(func() error { return c.startOne(ctx, s) })
	}
	group.Go(func() error { return c.startNode(ctx, undo) })
	return group.Wait()
}

func (c *Cluster) startOne(ctx context.Context, s proc.Spec) error {
	if err := c.procs.Start(ctx, s); err != nil {
		return err
	}
	c.out.ready(s.Name)
	return nil
}

// serve says that the cluster is ready and takes orders until the end.
func (c *Cluster) serve(ctx context.Context, undo *cleanups) error {
	server, err := control.Listen(c.dir.Socket(), c.procs)
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- server.Run(serving) }()
	undo.add("closing the control socket", func() error { stop(); return <-served })
	undo.add("withdrawing ready.json", c.dir.RemoveReady)
	if err := c.dir.WriteReady(c.ready()); err != nil {
		return err
	}
	c.announce()
	select {
	case <-ctx.Done():
		c.out.say("\nstopping…")
		return nil
	case e := <-c.procs.Exited():
		return fmt.Errorf("%s ended although nobody asked it to: %w%s", e.Name, exitCause(e), e.LogTail)
	}
}

func exitCause(e proc.ExitEvent) error {
	if e.Err == nil {
		return errors.New("exit status 0")
	}
	return e.Err
}

func (c *Cluster) ready() statedir.Ready {
	pids := map[string]int{}
	for _, s := range c.procs.Status() {
		pids[s.Name] = s.PID
	}
	r := statedir.Ready{
		Dir: string(c.dir), PID: os.Getpid(), Kubeconfig: c.dir.Kubeconfig(), APIServer: c.server(),
		Node: c.conf.Node, Nodes: c.node.names(), ServiceIP: c.plan.ServiceIP.String(),
		Socket: c.dir.Socket(), Components: pids, StartedAt: time.Now().UTC(),
	}
	if c.conf.Audit {
		r.AuditLog = c.dir.AuditLog()
	}
	return r
}

func (c *Cluster) announce() {
	c.out.say("")
	_ = truth.Print(c.conf.Out, truth.Table(c.conf.Node))
	c.out.say("\nKUBECONFIG=%s", c.dir.Kubeconfig())
	if c.conf.Audit {
		c.out.say("audit log  %s", c.dir.AuditLog())
	}
	c.out.say("logs       %s", c.dir.Log("*"))
	c.out.say("\nready in %.1f s · Ctrl-C stops it and leaves nothing behind", time.Since(c.out.start).Seconds())
}

func (c *Cluster) server() string { return "https://" + c.plan.Address("kube-apiserver") }
