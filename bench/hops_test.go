//go:build real

package bench

import (
	"fmt"
	"time"

	"github.com/ottoscaler/ottoscaler/test/harness"
)

// hop is one step of a worker's life.
type hop struct{ name, from, to string }

// hopsOfLife are the steps of a worker's life. The times are those of trace.
var hopsOfLife = []hop{
	{"1 read: XADD sent → the entry is read", "sent", "read"},
	{"2 accept: → its record is committed", "read", "accepted"},
	{"3 create: → the API server has the POST", "accepted", "posted"},
	{"  … the API server answers", "posted", "answered"},
	{"4 settle: → mark and XACK are committed", "answered", "marked"},
	{"5, 6 watch and verdict: the Pod has ended → its outcome is committed", "ended", "outcome"},
	{"6 delete: → the API server has the DELETE", "outcome", "deleted"},
	{"  … the API server answers", "deleted", "gone"},
}

// hops follows workers one by one through an otherwise idle process: the times are from Redis' MONITOR, which costs Redis a
// little, and from the audit log.
func hops(b *bench) {
	const n = 60
	dir := b.template("brief", `devcluster.io/duration: "100ms"`)
	end := b.product("OTTO_WORKER_TEMPLATES=" + dir)
	defer end()
	b.send(1, 1, "template", "brief")
	b.until("the first life", b.closed)
	b.audit.Next()
	lines, stop := monitor(b)
	defer stop()
	took := make(map[hop]sample)
	for range n {
		pause()
		moments := b.trace(lines)
		for _, h := range hopsOfLife {
			took[h] = append(took[h], ms(moments[h.to].Sub(moments[h.from])))
		}
	}
	for _, h := range hopsOfLife {
		s := took[h]
		b.say("%-75s p50 %6.2f ms", h.name, s.median())
		b.result.add(line{Figure: h.name, Product: fmt.Sprintf("p50 %.2f ms, p99 %.2f ms", s.median(), s.quantile(0.99))})
	}
}

// trace sends one event of one Pod and returns the time of each step.
func (b *bench) trace(lines *monitorLog) map[string]time.Time {
	b.Helper()
	sent := time.Now()
	event := b.Add("type", "scale_up", "pod_count", 1, "task_id", "task-123", "template", "brief")
	b.until("the life to end", b.closed)
	record := `:event:` + event + `"`
	m := map[string]time.Time{
		"sent":     sent,
		"read":     lines.first(b, sent, `"xpending"`, `"`+event+`"`),
		"accepted": lines.first(b, sent, `"hset"`, record, `"accepted_at"`),
		"marked":   lines.first(b, sent, `"xack"`, `"`+event+`"`),
		"outcome":  lines.first(b, sent, `"hset"`, record, `"s1"`, ` succeeded `),
	}
	b.until("the DELETE to be in the audit log", func() bool {
		for _, r := range b.audit.Next() {
			if r.Name == "otto-agent-1-"+event || r.Verb == "create" {
				b.moment(m, r)
			}
		}
		return !m["gone"].IsZero()
	})
	return m
}

func (b *bench) moment(m map[string]time.Time, r harness.Request) {
	switch {
	case r.User == b.User() && r.Verb == "create":
		m["posted"], m["answered"] = r.Received, r.Answered
	case r.User == b.User() && r.Verb == "delete":
		m["deleted"], m["gone"] = r.Received, r.Answered
	case r.Verb == "patch" && r.Subresource == "status" && m["deleted"].IsZero():
		m["ended"] = r.Received // the last one before the DELETE
	}
}
