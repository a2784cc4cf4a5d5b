package redistest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
)

// link is one connection through a Proxy.
type link struct {
	proxy          *Proxy
	client, server net.Conn
	commands       chan string // those sent and not replied to yet
}

// forwardRequests forwards the client's requests and passes on their command names. When the client is gone, Redis still
// executes what it sent.
func (l *link) forwardRequests() {
	defer func() {
		if server, ok := l.server.(*net.TCPConn); ok {
			_ = server.CloseWrite()
		}
	}()
	in := bufio.NewReader(l.client)
	for {
		request, err := readValue(in)
		if err != nil {
			return
		}
		command := commandOf(request)
		l.proxy.mu.Lock()
		hold := l.proxy.request(command)
		l.proxy.mu.Unlock()
		if !l.proxy.hold(hold) {
			return
		}
		l.commands <- command
		if _, err := l.server.Write(request); err != nil {
			return
		}
	}
}

func (l *link) forwardReplies() {
	in := bufio.NewReader(l.server)
	for {
		reply, err := readValue(in)
		if err != nil {
			return
		}
		command := <-l.commands
		l.proxy.mu.Lock()
		fate := l.proxy.reply(command, reply)
		l.proxy.mu.Unlock()
		if !l.proxy.hold(fate.Delay) {
			return
		}
		if fate.Break {
			reply = reply[:min(fate.Keep, len(reply))]
		}
		if _, err := l.client.Write(reply); err != nil {
			return
		}
		if fate.Break && fate.Hang {
			_, _ = io.Copy(io.Discard, in) // until the client is gone, or the proxy
		}
		if fate.Break {
			return
		}
	}
}

// commandOf is the command name of a request, in upper case.
func commandOf(request []byte) string {
	parts := strings.SplitN(string(request), "\r\n", 4)
	if len(parts) < 3 {
		return ""
	}
	return strings.ToUpper(parts[2])
}

// readValue reads one value of RESP 2 unchanged.
func readValue(in *bufio.Reader) ([]byte, error) {
	value, err := in.ReadBytes('\n')
	if err != nil || value[0] != '$' && value[0] != '*' {
		return value, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(value[1:])))
	switch {
	case err != nil:
		return nil, fmt.Errorf("not RESP: %w", err)
	case n < 0: // nil
		return value, nil
	case value[0] == '$':
		body := make([]byte, n+len("\r\n"))
		_, err := io.ReadFull(in, body)
		return append(value, body...), err
	}
	for range n {
		element, err := readValue(in)
		if err != nil {
			return nil, err
		}
		value = append(value, element...)
	}
	return value, nil
}
