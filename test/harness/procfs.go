//go:build real

package harness

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
)

// Figures from /proc. Linux only.

// PID is the product's process ID.
func (s *Stack) PID() int { return s.process.cmd.Process.Pid }

// CPU is the CPU time of the product since its start.
func (s *Stack) CPU() time.Duration {
	s.t.Helper()
	return CPU(s.t, s.PID())
}

// CPU is the CPU time of a process since its start, without threads that have ended: Go keeps its threads.
func CPU(t testing.TB, pid int) time.Duration {
	t.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(tasks) == 0 {
		t.Fatalf("no schedstat of process %d: %v", pid, err)
	}
	var sum time.Duration
	for _, task := range tasks {
		b, err := os.ReadFile(task)
		if err != nil {
			continue // it has ended
		}
		ns, _, _ := strings.Cut(string(b), " ")
		n, err := strconv.ParseInt(ns, 10, 64)
		if err != nil {
			t.Fatalf("%s: %v", task, err)
		}
		sum += time.Duration(n)
	}
	return sum
}

// PIDs are the processes of a cluster: devcluster and its children.
func (c *Cluster) PIDs() []int {
	up := c.up.Process.Pid
	pids := []int{up}
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", up)) // the pattern is valid
	for _, list := range lists {
		b, err := os.ReadFile(list)
		if err != nil {
			continue
		}
		for f := range strings.FieldsSeq(string(b)) {
			if pid, err := strconv.Atoi(f); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// RSS is the product's resident memory in bytes, now and its peak.
func (s *Stack) RSS() (now, peak int64) {
	s.t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.PID()))
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range bytes.Lines(b) {
		fields := bytes.Fields(line)
		if len(fields) < 2 {
			continue
		}
		kb, _ := strconv.ParseInt(string(fields[1]), 10, 64)
		switch string(fields[0]) {
		case "VmRSS:":
			now = kb << 10
		case "VmHWM:":
			peak = kb << 10
		}
	}
	return now, peak
}

// APIConnections is the number of the product's TCP connections to the API server.
func (s *Stack) APIConnections() int {
	s.t.Helper()
	access, err := clientcmd.BuildConfigFromFlags("", s.kubeconfig)
	if err != nil {
		s.t.Fatal(err)
	}
	server, err := netip.ParseAddrPort(strings.TrimPrefix(access.Host, "https://"))
	if err != nil {
		s.t.Fatalf("the API server's address %q: %v", access.Host, err)
	}
	ours := s.sockets()
	table, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/tcp", s.PID()))
	if err != nil {
		s.t.Fatal(err)
	}
	const established = "01"
	to, n := fmt.Sprintf(":%04X", server.Port()), 0
	for line := range bytes.Lines(table) {
		f := strings.Fields(string(line)) // sl local remote state … inode is the tenth
		if len(f) > 9 && strings.HasSuffix(f[2], to) && f[3] == established && ours[f[9]] {
			n++
		}
	}
	return n
}

// sockets are the inodes of the product's sockets.
func (s *Stack) sockets() map[string]bool {
	s.t.Helper()
	fds, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", s.PID()))
	if err != nil {
		s.t.Fatal(err)
	}
	found := make(map[string]bool)
	for _, fd := range fds {
		if to, err := os.Readlink(fd); err == nil {
			if inode, ok := strings.CutPrefix(to, "socket:["); ok {
				found[strings.TrimSuffix(inode, "]")] = true
			}
		}
	}
	return found
}
