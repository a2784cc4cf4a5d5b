package k8s

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
)

// Leader is what a Lease says to people who ask.
type Leader struct {
	Holder     string // empty: nobody holds it now
	MaxWorkers int    // the last holder's; 0: it is not said
}

// Leader reads a Lease.
func (c *Client) Leader(ctx context.Context, namespace, name string) (Leader, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	raw, err := c.sights.Get().AbsPath("/apis/coordination.k8s.io/v1/namespaces", namespace, "leases", name).
		SetHeader("Accept", "application/json").MaxRetries(0).Do(ctx).Raw()
	var lease coordinationv1.Lease
	if err == nil {
		err = json.Unmarshal(raw, &lease)
	}
	if err != nil {
		return Leader{}, fmt.Errorf("reading the Lease %q in namespace %q: %s", name, namespace, words(err))
	}
	return leader(&lease, time.Now().Add(c.Skew())), nil
}

// leader takes a Lease that was not renewed for twice its time for nobody's: the holder's clock and ours may differ.
func leader(lease *coordinationv1.Lease, now time.Time) Leader {
	var l Leader
	if n, err := strconv.Atoi(lease.Annotations[noteMaxWorkers]); err == nil && n > 0 {
		l.MaxWorkers = n
	}
	renewed, lasts := lease.Spec.RenewTime, lease.Spec.LeaseDurationSeconds
	if renewed != nil && lasts != nil && now.Before(renewed.Add(2*time.Duration(*lasts)*time.Second)) {
		l.Holder = line(holder(&lease.Spec), maxName)
	}
	return l
}
