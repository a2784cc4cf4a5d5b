package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/test/oracle/judge"
)

// options are the flags of judge.
type options struct {
	judge.Evidence
	redis, account, from string
	faults               []string
}

func (o *options) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.AuditLog, "audit", "", "the API server's audit log, JSON lines")
	f.StringVar(&o.Monitor, "monitor", "", "what `oracle record` wrote")
	f.StringVar(&o.redis, "redis", "127.0.0.1:6379", "host:port or redis:// URL, for the end state")
	f.StringVar(&o.from, "from", "", "RFC 3339: audit events before are of another run")
	f.StringVar(&o.Stream, "stream", "otto:scale:events", "the stream")
	f.StringVar(&o.Group, "group", "ottoscaler", "the consumer group")
	f.StringVar(&o.Namespace, "namespace", "", "where the workers live")
	f.StringVar(&o.LeaseNamespace, "lease-namespace", "", "where the Lease lives (default: with the workers)")
	f.StringVar(&o.account, "account", "", "the user (default: system:serviceaccount:<namespace>:ottoscaler)")
	f.IntVar(&o.MaxInFlight, "max-in-flight", 32, "POSTs at once")
	f.IntVar(&o.MaxPods, "max-pods", 1000, "the highest pod_count")
	f.DurationVar(&o.Deadline, "deadline", 6*time.Hour, "the highest deadline of a worker; negative: none")
	f.StringSliceVar(&o.Templates, "templates", nil, "the operator's templates")
	f.StringSliceVar(&o.Granted, "granted", nil, "what was granted: 'create pods,…'")
	f.BoolVar(&o.Exact, "exact", false, "all that was granted must have been used")
	f.StringSliceVar(&o.Leftover, "leftover", nil, "Pods of ours that are still there")
	f.StringSliceVar(&o.faults, "fault", nil, "what was done on purpose: killed, apiserver, lost-audit, redis, lost-writes, trimmed, denied, others")
}

func (o *options) run(c *cobra.Command) error {
	if err := o.complete(); err != nil {
		return err
	}
	report, err := judge.Judge(c.Context(), o.Evidence)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprint(c.OutOrStdout(), report); err != nil {
		return err
	}
	if report.Failed() {
		return errGuilty
	}
	return nil
}

// complete turns the flags that are no plain values into evidence.
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
	return o.setFaults()
}

func (o *options) setFaults() error {
	known := map[string]*bool{
		"killed": &o.Fault.Killed, "apiserver": &o.Fault.APIServer, "lost-audit": &o.Fault.LostAudit, "redis": &o.Fault.Redis, "lost-writes": &o.Fault.LostWrites,
		"trimmed": &o.Fault.Trimmed, "denied": &o.Fault.Denied, "others": &o.Fault.Others,
	}
	for _, name := range o.faults {
		if known[name] == nil {
			return fmt.Errorf("there is no fault %q", name)
		}
		*known[name] = true
	}
	return nil
}
