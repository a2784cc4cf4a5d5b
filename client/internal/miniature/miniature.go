// Package miniature is as much of Redis and Ottoscaler as examples and their tests need, within the process.
package miniature

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
)

// Server decides on an event at once, and ends its workers: all succeed, but for the last one of an event of the task "fail". Events of
// the queue "unknown" are rejected.
type Server struct {
	listener net.Listener
	running  sync.WaitGroup

	mu       sync.Mutex
	conns    []net.Conn
	added    *sync.Cond
	stopped  bool
	statuses []string // encoded entries; the ID of the n-th is `<n>-0`
	events   int
}

// Start listens on a free port of loopback.
func Start() *Server {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	s := &Server{listener: l}
	s.added = sync.NewCond(&s.mu)
	s.running.Go(s.accept)
	return s
}

// Addr is where it listens.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Stop ends it and all connections.
func (s *Server) Stop() {
	_ = s.listener.Close()
	s.mu.Lock()
	s.stopped = true
	for _, c := range s.conns {
		_ = c.Close()
	}
	s.added.Broadcast()
	s.mu.Unlock()
	s.running.Wait()
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns = append(s.conns, conn)
		s.mu.Unlock()
		s.running.Go(func() {
			defer conn.Close()
			for in := bufio.NewReader(conn); ; {
				command, err := readCommand(in)
				if err != nil {
					return
				}
				if _, err := io.WriteString(conn, s.answer(command)); err != nil {
					return
				}
			}
		})
	}
}

// readCommand reads an array of bulk strings.
func readCommand(in *bufio.Reader) ([]string, error) {
	length := func() (int, error) {
		line, err := in.ReadString('\n')
		if err != nil {
			return 0, err
		}
		return strconv.Atoi(strings.TrimSpace(line[1:]))
	}
	n, err := length()
	command := make([]string, n)
	for i := range command {
		size, err := length()
		if err != nil {
			return nil, err
		}
		text := make([]byte, size+2)
		if _, err := io.ReadFull(in, text); err != nil {
			return nil, err
		}
		command[i] = string(text[:size])
	}
	return command, err
}

func (s *Server) answer(command []string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch strings.ToLower(command[0]) {
	case "xadd":
		return s.send(command[3:])
	case "xread":
		n := number(command[len(command)-1])
		for len(s.statuses) <= n && !s.stopped {
			s.added.Wait()
		}
		if s.stopped {
			return "*-1\r\n"
		}
		return "*1\r\n*2\r\n" + bulk(command[len(command)-2]) + array(s.statuses[n:])
	case "xrange":
		first, exclusive := strings.CutPrefix(command[2], "(")
		from, to := number(first), min(number(command[3]), len(s.statuses))
		if !exclusive {
			from--
		}
		if from < 0 || from >= to {
			return "*0\r\n"
		}
		return array(s.statuses[from:to])
	case "xinfo":
		return "-ERR no such key\r\n"
	case "hgetall":
		return "*0\r\n"
	}
	return "-ERR unknown command\r\n"
}

// send decides on an entry and ends its workers.
func (s *Server) send(fields []string) string {
	s.events++
	id := fmt.Sprintf("%d-0", 1756659802902+s.events)
	entry := make(map[string]string)
	for i := 0; i+1 < len(fields); i += 2 {
		entry[fields[i]] = fields[i+1]
	}
	defer s.added.Broadcast()
	if entry["queue"] == "unknown" {
		s.status(id, "kind", "rejected", "seq", "1", "reason", "unknown_queue", "code", "OTTO401", "message", "there is no queue \"unknown\"")
		return bulk(id)
	}
	s.status(id, "kind", "accepted", "seq", "1", "task_id", entry["task_id"])
	n, _ := strconv.Atoi(entry["pod_count"])
	failed := 0
	for i := 1; i <= n; i++ {
		state, code := "succeeded", "0"
		if i == n && entry["task_id"] == "fail" {
			state, code, failed = "failed", "1", 1
		}
		s.status(id, "kind", "worker", "seq", strconv.Itoa(1+i), "index", strconv.Itoa(i), "attempt", "1", "state", state, "exit_code", code)
	}
	s.status(id, "kind", "closed", "seq", strconv.Itoa(2+n), "n_succeeded", strconv.Itoa(n-failed), "n_failed", strconv.Itoa(failed))
	return bulk(id)
}

func (s *Server) status(event string, fields ...string) {
	encoded := make([]string, 0, len(fields)+2)
	for _, f := range append([]string{"event_id", event}, fields...) {
		encoded = append(encoded, bulk(f))
	}
	s.statuses = append(s.statuses, "*2\r\n"+bulk(fmt.Sprintf("%d-0", len(s.statuses)+1))+array(encoded))
}

// number is that of a status by its ID.
func number(id string) int {
	ms, _, _ := strings.Cut(id, "-")
	n, _ := strconv.Atoi(ms)
	return n
}

func bulk(text string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text) }

func array(parts []string) string {
	return fmt.Sprintf("*%d\r\n%s", len(parts), strings.Join(parts, ""))
}
