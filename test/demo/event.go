package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

const sendLimit = 10 * time.Second

// event is an event to send. Its fields are strings, so that invalid ones can be sent, too.
type event struct{ kind, pods, task, template string }

const (
	scaleUp   = "scale_up"
	scaleDown = "scale_down"
)

func defaultEvent() event { return event{kind: scaleUp, pods: "3", task: "task-123"} }

func (e event) fields() []string {
	fields := []string{"type", e.kind, "pod_count", e.pods, "task_id", e.task}
	if e.template != "" {
		fields = append(fields, "template", e.template)
	}
	return fields
}

// String is the command for redis-cli.
func (e event) String() string { return "XADD " + stream + " * " + strings.Join(e.fields(), " ") }

func (e event) send(ctx context.Context, client *goredis.Client) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, sendLimit)
	defer cancel()
	id, err := client.XAdd(ctx, &goredis.XAddArgs{Stream: stream, Values: e.fields()}).Result()
	if err != nil {
		return "", fmt.Errorf("sending the event: %w", err)
	}
	return id, nil
}

func runTestEvent(ctx context.Context, e event, out *printer) error {
	endpoint, dev, err := findRedis(ctx)
	if err != nil {
		return err
	}
	client := endpoint.client(os.Getenv("REDIS_PASSWORD"))
	defer func() { _ = client.Close() }()
	id, err := e.send(ctx, client)
	if err != nil {
		return err
	}
	out.say("%s", out.dim(e.String()))
	out.say("event %s  sent to %s", out.bold(id), endpoint.addr())
	out.say("")
	out.say("to follow it:")
	out.say("  redis-cli %sXRANGE '%s' %s +", cliFlags(endpoint), statusKey, id)
	kubectl := "kubectl get pods -A"
	if dev != nil {
		kubectl = dev.kubectl() + " get pods"
	}
	out.say("  %s -l %s", kubectl, e.podSelector(id))
	return nil
}

// podSelector selects the Pods of an event; for a scale_down those of all events.
func (e event) podSelector(id string) string {
	if e.kind == scaleDown {
		return selector
	}
	return labelEvent + "=" + id
}

// findRedis returns the Redis of the environment, else that of the running `dev`, with its state, else the one on port 6379 of
// this machine, where `make redis` puts it.
func findRedis(ctx context.Context) (redisEndpoint, *devState, error) {
	host, port := os.Getenv("REDIS_HOST"), os.Getenv("REDIS_PORT")
	if host != "" || port != "" {
		return redisEndpoint{Host: fromEnv("REDIS_HOST", "localhost"), Port: fromEnv("REDIS_PORT", "6379")}, nil, nil
	}
	state, err := readDevState()
	if err == nil {
		return state.Redis, &state, nil
	}
	if usual := (redisEndpoint{Host: loopback, Port: "6379"}); usual.listens(ctx) {
		return usual, nil, nil
	}
	return redisEndpoint{}, nil, err
}

func (r redisEndpoint) listens(ctx context.Context) bool {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", r.addr())
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// cliFlags point redis-cli at a Redis.
func cliFlags(endpoint redisEndpoint) string {
	flags := ""
	if !isLoopback(endpoint.Host) {
		flags = "-h " + endpoint.Host + " "
	}
	if endpoint.Port != "6379" {
		flags += "-p " + endpoint.Port + " "
	}
	return flags
}

func isLoopback(host string) bool { return host == "localhost" || net.ParseIP(host).IsLoopback() }
