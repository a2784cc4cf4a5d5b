package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

// options are the flags of check.
type options struct {
	checker.Input
	redis, account, from string
	weights              map[string]int64
	faults               []string
}

func (o *options) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.AuditLog, "audit", "", "the API server's audit log, JSON lines")
	f.StringVar(&o.Monitor, "monitor", "", "what `oracle record` wrote")
	f.StringVar(&o.redis, "redis", "127.0.0.1:6379", "host:port or redis:// URL, for the end state")
	f.StringVar(&o.from, "from", "", "RFC 3339: ignore earlier audit events")
	f.StringVar(&o.Stream, "stream", "otto:scale:events", "the stream")
	f.StringVar(&o.Group, "group", "ottoscaler", "the consumer group")
	f.StringVar(&o.Namespace, "namespace", "", "namespace of the workers")
	f.StringVar(&o.LeaseNamespace, "lease-namespace", "", "namespace of the Lease (default: that of the workers)")
	f.StringVar(&o.account, "account", "", "the user (default: system:serviceaccount:<namespace>:ottoscaler)")
	f.IntVar(&o.MaxInFlight, "max-in-flight", 32, "POSTs at once")
	f.IntVar(&o.Capacity, "capacity", 100, "workers at once (OTTO_MAX_WORKERS)")
	f.StringToInt64Var(&o.weights, "weights", nil, "weights of queues, to check their shares: 'web=3,ml=1'")
	f.IntVar(&o.MaxPods, "max-pods", 1000, "the highest pod_count")
	f.DurationVar(&o.Deadline, "deadline", 6*time.Hour, "the highest deadline of a worker; negative: none")
	f.StringSliceVar(&o.Templates, "templates", nil, "the operator's templates")
	f.StringSliceVar(&o.Priorities, "priorities", nil, "the priority classes that an entry may name (default: low,normal)")
	f.BoolVar(&o.Overrides, "overrides", false, "an entry may change image, cpu and memory")
	f.StringSliceVar(&o.Granted, "granted", nil, "granted permissions: 'create pods,…'")
	f.BoolVar(&o.Exact, "exact", false, "every granted permission must have been used")
	f.StringSliceVar(&o.Leftover, "leftover", nil, "worker Pods that still exist")
	f.StringSliceVar(&o.faults, "fault", nil,
		"injected faults: killed, apiserver, lost-audit, redis, lost-writes, trimmed, denied, others")
}

func (o *options) run(c *cobra.Command) error {
	if err := o.complete(); err != nil {
		return err
	}
	report, err := checker.Check(c.Context(), o.Input)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprint(c.OutOrStdout(), report); err != nil {
		return err
	}
	if report.Failed() {
		return errRuleBroken
	}
	return nil
}

// complete parses the flags that are not plain values.
func (o *options) complete() (err error) {
	o.Redis = &redis.Options{Addr: o.redis}
	if strings.Contains(o.redis, "://") {
		if o.Redis, err = redis.ParseURL(o.redis); err != nil {
			return err
		}
	}
	if o.from != "" {
		if o.From, err = time.Parse(time.RFC3339Nano, o.from); err != nil {
			return err
		}
	}
	if o.User = o.account; o.User == "" {
		o.User = "system:serviceaccount:" + o.Namespace + ":ottoscaler"
	}
	o.Queues = make(map[string]checker.Queue, len(o.weights))
	for name, weight := range o.weights {
		o.Queues[name] = checker.Queue{Weight: weight}
	}
	return o.setFaults()
}

func (o *options) setFaults() error {
	known := map[string]*bool{
		"killed": &o.Fault.Killed, "apiserver": &o.Fault.APIServer, "lost-audit": &o.Fault.LostAudit, "redis": &o.Fault.Redis,
		"lost-writes": &o.Fault.LostWrites, "trimmed": &o.Fault.Trimmed, "denied": &o.Fault.Denied, "others": &o.Fault.Others,
	}
	for _, name := range o.faults {
		if known[name] == nil {
			return fmt.Errorf("unknown fault %q", name)
		}
		*known[name] = true
	}
	return nil
}
