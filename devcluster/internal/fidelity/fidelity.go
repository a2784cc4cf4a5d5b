// Package fidelity lists what of a cluster is real and what is simulated, so that the limits of a test are known.
package fidelity

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

// Level says how far an area behaves like that of a production cluster.
type Level string

// Levels of an area. Partly needs a note that says which part.
const (
	Real      Level = "real"
	Simulated Level = "simulated"
	Partly    Level = "partly"
	Absent    Level = "absent"
)

// Row is one area of a cluster.
type Row struct {
	Area  string
	Level Level
	Note  string
}

type area struct {
	name                   string
	containerd, kwok, none support
}

type support struct {
	level Level
	note  string
}

func (l Level) with(note string) support { return support{l, note} }

func everywhere(name string, s support) area { return area{name, s, s, s} }

// areas are the only list: README.md is held against it by a test.
func areas() []area {
	pending := Absent.with("Pods stay Pending")
	return []area{
		everywhere("API server, etcd", Real.with("etcd does not sync to disk; each `up` starts empty")),
		everywhere("RBAC, tokens, certificates", Real.with("ServiceAccount tokens are signed and checked; the admin is in system:masters")),
		everywhere("admission", Real.with("Kubernetes' default plugins; a webhook must have a URL on this machine")),
		everywhere("priority and fairness", Real.with("system:masters bypasses it: measure with `devcluster token`")),
		everywhere("controllers", Real.with("Jobs, garbage collection, quotas, node lifecycle, …; no cloud, no volume provisioner")),
		{"scheduler", Real.with(""), Real.with("node sizes are made up"), Real.with("no node to choose from")},
		{"kubelet", Real.with("one node"), Simulated.with("by kwok"), Absent.with("")},
		{"containers, exit codes, OOM", Real.with("runc"), Simulated.with("by the annotations in README.md"), pending},
		{"image pulls", Partly.with("real errors; no registry: load images with --image"), Simulated.with("every image exists"), pending},
		{"kubectl logs, exec", Real.with("attach and cp too"), Absent.with("connection refused"), Absent.with("")},
		{
			"graceful termination", Real.with(""),
			Simulated.with("at once, or after an annotated delay"), Real.with("unscheduled Pods are deleted at once"),
		},
		{"Pod network", Partly.with("Pods reach the API server and this machine"), Simulated.with("made-up addresses"), Absent.with("")},
		everywhere("Services, DNS, kube-proxy", Absent.with("only the address of the `kubernetes` Service works, from real Pods")),
		{"volumes", Partly.with("emptyDir, ConfigMap, Secret, projected, hostPath"), Absent.with("Pods with volumes run all the same"), pending},
		{
			"node failure", Real.with("devcluster kill|freeze kubelet or containerd"),
			Simulated.with("devcluster freeze kwok, or unlabel one node"), Absent.with(""),
		},
		{"eviction under pressure", Absent.with("evict with the API"), Simulated.with("by annotation"), Absent.with("")},
	}
}

// Table returns the rows for a kind of node.
func Table(node string) []Row {
	var rows []Row
	for _, a := range areas() {
		s := a.none
		switch node {
		case Containerd:
			s = a.containerd
		case Kwok:
			s = a.kwok
		}
		rows = append(rows, Row{a.name, s.level, s.note})
	}
	return rows
}

// Print writes the rows as text.
func Print(w io.Writer, rows []Row) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "WHAT IS REAL HERE\t\t")
	for _, r := range rows {
		fmt.Fprintf(tw, "  %s\t%s\t%s\n", r.Area, r.Level, r.Note)
	}
	return tw.Flush()
}
