//go:build real

package faults

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/ottoscaler/ottoscaler/test/poll"
)

var healthFaults = []fault{{number: 52, name: "idle-connections", ci: true, alone: true, run: idleConnections}}

const (
	livenessTimeout = 5 * time.Second // of the chart's probe
	reconnect       = 5 * time.Second
	memoryGrowth    = 16 // MiB that four hundred new connections a second may cost, mostly garbage between two collections
)

// idleConnections: two thousand clients of the health port are silent, send half a header, stay idle after a response or read no metrics, and
// connect again when they are closed. The kubelet's probes are answered all the while.
func idleConnections(c *scenario) {
	d := sized(c, time.Minute, 10*time.Second)
	address := net.JoinHostPort("127.0.0.1", freePort(c.t))
	p := c.start("OTTO_HTTP_ADDR=" + address)
	c.load.steady(4)
	c.wait(d) // the load alone, as long as it will go on with the connections: its peak is no fault of theirs
	before := p.memory()
	stop := crowd(c, address)
	probed := probe(c, address, d)
	stop()
	c.endFault()
	if grown := p.memory() - before; grown > memoryGrowth {
		c.t.Errorf("%d MiB of memory for connections, at most %d are allowed", grown, memoryGrowth)
	}
	c.describe("1000 silent connections, 500 with half a header, 500 idle or unread ones for %v: %s", d, probed)
}

// crowd connects to the port until stop is called.
func crowd(c *scenario, address string) (stop func()) {
	c.t.Helper()
	ctx, cancel := context.WithCancel(c.t.Context())
	var clients sync.WaitGroup
	for text, n := range map[string]int{
		"": 1000, "GET /livez HTTP/1.1\r\nHost": 500, request("/livez"): 480, request("/metrics"): 20,
	} {
		for range n {
			clients.Go(func() { keepConnected(ctx, address, text) })
		}
	}
	return func() { cancel(); clients.Wait() }
}

func request(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n" }

// keepConnected sends the text over a connection that it never reads, and connects again after a while.
func keepConnected(ctx context.Context, address, text string) {
	for ctx.Err() == nil {
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.(*net.TCPConn).SetReadBuffer(1)
			_, _ = io.WriteString(conn, text)
			poll.Sleep(ctx, reconnect)
			_ = conn.Close()
			continue
		}
		poll.Sleep(ctx, 10*time.Millisecond)
	}
}

// probe asks as the kubelet does, and returns the slowest answers.
func probe(c *scenario, address string, d time.Duration) string {
	c.t.Helper()
	var slowest [2]time.Duration
	for end := time.Now().Add(d); time.Now().Before(end); c.wait(500 * time.Millisecond) {
		for i, path := range []string{"/livez", "/readyz"} {
			began := time.Now()
			if err := get("http://"+address+path, livenessTimeout); err != nil {
				c.errorf("%s: %v", path, err)
			}
			slowest[i] = max(slowest[i], time.Since(began).Round(time.Millisecond))
		}
	}
	return fmt.Sprintf("the slowest answers took %v (/livez) and %v (/readyz)", slowest[0], slowest[1])
}

// get opens a connection of its own, as the kubelet does.
func get(url string, timeout time.Duration) error {
	client := http.Client{Timeout: timeout, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s", response.Status)
	}
	return nil
}
