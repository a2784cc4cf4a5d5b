package leader

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"

	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/text"
)

// Leader is what people read from a Lease.
type Leader struct {
	Holder     string // its identity; empty: there is no leader now
	MaxWorkers int    // the last holder's; 0: not known
}

// Read reads a Lease once. The command `explain` calls it.
func Read(ctx context.Context, client *k8s.Client, namespace, name string) (Leader, error) {
	ctx, cancel := context.WithTimeout(ctx, k8s.CallTimeout)
	defer cancel()
	raw, err := client.NewGet().AbsPath("/apis/coordination.k8s.io/v1/namespaces", namespace, "leases", name).
		SetHeader("Accept", "application/json").Do(ctx).Raw()
	var lease coordinationv1.Lease
	if err == nil {
		err = json.Unmarshal(raw, &lease)
	}
	if err != nil {
		return Leader{}, fmt.Errorf("reading the Lease %q in namespace %q: %s", name, namespace, k8s.ServerMessage(err))
	}
	return leader(&lease, time.Now().Add(client.Skew())), nil
}

// leader names no holder of a Lease that was not renewed for twice its duration: the clocks of holder and reader may differ.
func leader(lease *coordinationv1.Lease, now time.Time) Leader {
	var l Leader
	if n, err := strconv.Atoi(lease.Annotations[annotationMaxWorkers]); err == nil && n > 0 {
		l.MaxWorkers = n
	}
	renewed, lasts := lease.Spec.RenewTime, lease.Spec.LeaseDurationSeconds
	if renewed != nil && lasts != nil && now.Before(renewed.Add(2*time.Duration(*lasts)*time.Second)) {
		l.Holder = text.Line(leaseHolder(&lease.Spec), maxIdentity)
	}
	return l
}
