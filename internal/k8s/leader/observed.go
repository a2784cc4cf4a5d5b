package leader

import (
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/api/equality"
)

// observedLease is another process's hold. It lasts from when this process saw it change, whatever its holder's clock says.
type observedLease struct {
	spec  coordinationv1.LeaseSpec
	until time.Time
}

// update reports whether there is another holder than before.
func (o *observedLease) update(spec *coordinationv1.LeaseSpec, now time.Time, atLeast time.Duration) (changed bool) {
	if equality.Semantic.DeepEqual(o.spec, *spec) {
		return false
	}
	changed = leaseHolder(&o.spec) != leaseHolder(spec)
	o.spec, o.until = *spec.DeepCopy(), now.Add(atLeast)
	if s := spec.LeaseDurationSeconds; s != nil {
		o.until = now.Add(max(atLeast, time.Duration(*s)*time.Second))
	}
	return changed
}

func (o *observedLease) valid(now time.Time) bool {
	return leaseHolder(&o.spec) != "" && now.Before(o.until)
}

// leaseHolder is empty when no process holds the Lease.
func leaseHolder(spec *coordinationv1.LeaseSpec) string {
	if spec.HolderIdentity == nil {
		return ""
	}
	return *spec.HolderIdentity
}

// acquireTime stays the same with every renewal.
func acquireTime(spec *coordinationv1.LeaseSpec) time.Time {
	if spec.AcquireTime == nil {
		return time.Time{}
	}
	return spec.AcquireTime.Time
}
