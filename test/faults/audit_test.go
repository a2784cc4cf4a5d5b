//go:build real

package faults

import (
	"strings"
	"time"

	"github.com/ottoscaler/ottoscaler/test/harness"
)

// auditCounts are the requests for Pods in the scenario's namespace, from the API server's audit log.
type auditCounts struct {
	tail      *harness.AuditTail
	posts     int                  // by the product, whatever the answer
	posted    map[string]int       // by Pod: POSTs answered 201
	bound     map[string]int       // by Pod: the scheduler's bindings answered 201
	deleted   map[string]time.Time // by Pod: the product's first DELETE answered 200
	recreated []string             // Pods with a POST after their DELETE
	lastPost  time.Time            // by the product
}

func newAuditCounts(tail *harness.AuditTail) *auditCounts {
	return &auditCounts{tail: tail, posted: map[string]int{}, bound: map[string]int{}, deleted: map[string]time.Time{}}
}

// read adds the requests since the last call.
func (a *auditCounts) read() {
	for _, r := range a.tail.Next() {
		a.add(&r)
	}
}

func (a *auditCounts) add(r *harness.Request) {
	byProduct := strings.HasSuffix(r.User, ":ottoscaler")
	switch {
	case r.Subresource == "binding" && r.Code == 201:
		a.bound[r.Name]++
	case !byProduct || r.Subresource != "":
	case r.Verb == "create":
		a.posts++
		if r.Code == 201 {
			a.posted[r.Name]++
		}
		if r.Received.After(a.lastPost) {
			a.lastPost = r.Received
		}
		if deleted, ok := a.deleted[r.Name]; ok && r.Received.After(deleted) {
			a.recreated = append(a.recreated, r.Name)
		}
	case r.Verb == "delete" && r.Code == 200:
		if _, ok := a.deleted[r.Name]; !ok {
			a.deleted[r.Name] = r.Received
		}
	}
}

// created is the number of Pods created so far.
func (a *auditCounts) created() int {
	a.read()
	return len(a.posted)
}
