package client_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
)

// miniature is as much of Redis and Ottoscaler as the examples need: each event succeeds at once, but for those of the queue
// "unknown", which are rejected.
type miniature struct {
	listener net.Listener
	running  sync.WaitGroup

	mu       sync.Mutex
	conns    []net.Conn
	added    *sync.Cond
	stopped  bool
	statuses []string // encoded entries; the ID of the n-th is `<n>-0`
	events   int
}

func startMiniature() *miniature {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	m := &miniature{listener: l}
	m.added = sync.NewCond(&m.mu)
	m.running.Go(m.accept)
	return m
}

func (m *miniature) addr() string { return m.listener.Addr().String() }

func (m *miniature) stop() {
	_ = m.listener.Close()
	m.mu.Lock()
	m.stopped = true
	for _, c := range m.conns {
		_ = c.Close()
	}
	m.added.Broadcast()
	m.mu.Unlock()
	m.running.Wait()
}

func (m *miniature) accept() {
	for {
		conn, err := m.listener.Accept()
		if err != nil {
			return
		}
		m.mu.Lock()
		m.conns = append(m.conns, conn)
		m.mu.Unlock()
		m.running.Go(func() {
			defer conn.Close()
			for in := bufio.NewReader(conn); ; {
				command, err := readCommand(in)
				if err != nil {
					return
				}
				if _, err := io.WriteString(conn, m.answer(command)); err != nil {
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

func (m *miniature) answer(command []string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch strings.ToLower(command[0]) {
	case "xadd":
		return m.send(command[3:])
	case "xread":
		n := number(command[len(command)-1])
		for len(m.statuses) <= n && !m.stopped {
			m.added.Wait()
		}
		if m.stopped {
			return "*-1\r\n"
		}
		return "*1\r\n*2\r\n" + bulk(command[len(command)-2]) + array(m.statuses[n:])
	case "xrange":
		first, exclusive := strings.CutPrefix(command[2], "(")
		from, to := number(first), min(number(command[3]), len(m.statuses))
		if !exclusive {
			from--
		}
		if from < 0 || from >= to {
			return "*0\r\n"
		}
		return array(m.statuses[from:to])
	case "xinfo":
		return "-ERR no such key\r\n"
	case "hgetall":
		return "*0\r\n"
	}
	return "-ERR unknown command\r\n"
}

// send decides on an entry and ends its workers.
func (m *miniature) send(fields []string) string {
	m.events++
	id := fmt.Sprintf("%d-0", 1756659802902+m.events)
	entry := make(map[string]string)
	for i := 0; i+1 < len(fields); i += 2 {
		entry[fields[i]] = fields[i+1]
	}
	defer m.added.Broadcast()
	if entry["queue"] == "unknown" {
		m.status(id, "kind", "rejected", "seq", "1", "reason", "unknown_queue", "code", "OTTO401", "message", "there is no queue \"unknown\"")
		return bulk(id)
	}
	m.status(id, "kind", "accepted", "seq", "1", "task_id", entry["task_id"])
	n, _ := strconv.Atoi(entry["pod_count"])
	for i := 1; i <= n; i++ {
		m.status(id, "kind", "worker", "seq", strconv.Itoa(1+i), "index", strconv.Itoa(i), "attempt", "1", "state", "succeeded", "exit_code", "0")
	}
	m.status(id, "kind", "closed", "seq", strconv.Itoa(2+n), "n_succeeded", strconv.Itoa(n))
	return bulk(id)
}

func (m *miniature) status(event string, fields ...string) {
	encoded := make([]string, 0, len(fields)+2)
	for _, f := range append([]string{"event_id", event}, fields...) {
		encoded = append(encoded, bulk(f))
	}
	m.statuses = append(m.statuses, "*2\r\n"+bulk(fmt.Sprintf("%d-0", len(m.statuses)+1))+array(encoded))
}

// number is that of a status by its ID.
func number(id string) int {
	ms, _, _ := strings.Cut(id, "-")
	n, _ := strconv.Atoi(ms)
	return n
}

func bulk(s string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(s), s) }

func array(parts []string) string {
	return fmt.Sprintf("*%d\r\n%s", len(parts), strings.Join(parts, ""))
}
