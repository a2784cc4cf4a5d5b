// Package truth says what of a cluster is real and what is not, so that nobody trusts a test too much.
package truth

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Node kinds.
const (
	Containerd = "containerd"
	Kwok       = "kwok"
	None       = "none"
)

// Row is one area; Real is "real", "simulated", "partly" or "absent".
type Row struct{ Area, Real, Note string }

type entry struct {
	area                   string
	containerd, kwok, none verdict
}

type verdict struct{ kind, note string }

func genuine(note string) verdict   { return verdict{"real", note} }
func simulated(note string) verdict { return verdict{"simulated", note} }
func partly(note string) verdict    { return verdict{"partly", note} }
func absent(note string) verdict    { return verdict{"absent", note} }

func always(area string, v verdict) entry { return entry{area, v, v, v} }

func entries() []entry {
	pending := absent("Pods stay Pending")
	return []entry{
		always("API server, etcd", genuine("etcd does not sync to disk; each `up` starts empty")),
		always("RBAC, tokens, certificates", genuine("ServiceAccount tokens are signed and checked; the admin is in system:masters")),
		always("admission", genuine("Kubernetes' default plugins; a webhook must have a URL on this machine")),
		always("priority and fairness", genuine("but system:masters bypasses it: measure with `devcluster token`")),
		always("controllers", genuine("Jobs, garbage collection, quotas, node lifecycle, …; no cloud, no volume provisioner")),
		{"scheduler", genuine(""), genuine("node sizes are made up"), genuine("but there is no node to choose")},
		{"kubelet", genuine("one node"), simulated("by kwok"), absent("")},
		{"containers, exit codes, OOM", genuine("runc"), simulated("by annotations, see README"), pending},
		{"image pulls", partly("real errors; no registry: load images with --image"), simulated("every image is there"), pending},
		{"kubectl logs, exec", genuine("attach and cp too"), absent("nothing ran"), absent("")},
		{"graceful termination", genuine(""), simulated("at once, or after an annotated delay"), genuine("unscheduled Pods go at once")},
		{"Pod network", partly("Pods reach the API server and this machine"), simulated("made-up addresses"), absent("")},
		always("Services, DNS, kube-proxy", absent("only the address of the `kubernetes` Service works, from real Pods")),
		{"volumes", partly("emptyDir, ConfigMap, Secret, projected tokens, hostPath"), absent("Pods that mount some run all the same"), pending},
		{
			"node failure", genuine("devcluster kill|freeze kubelet or containerd"),
			simulated("devcluster freeze kwok, or unlabel one node"), absent(""),
		},
		{"eviction under pressure", absent("evict with the API"), simulated("by annotation"), absent("")},
	}
}

// Table returns the rows for a kind of node.
func Table(node string) []Row {
	var rows []Row
	for _, e := range entries() {
		v := e.none
		switch node {
		case Containerd:
			v = e.containerd
		case Kwok:
			v = e.kwok
		}
		rows = append(rows, Row{e.area, v.kind, v.note})
	}
	return rows
}

// Print writes the rows for people.
func Print(w io.Writer, rows []Row) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "WHAT IS REAL HERE\t\t")
	for _, r := range rows {
		fmt.Fprintf(tw, "  %s\t%s\t%s\n", r.Area, r.Real, r.Note)
	}
	return tw.Flush()
}
