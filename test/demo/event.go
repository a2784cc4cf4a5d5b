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

// event is what we send. Its fields are text, so that wrong ones can be sent too.
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

// String is the command as one types it in redis-cli.
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
	place, dev, err := findRedis(ctx)
	if err != nil {
		return err
	}
	client := place.client(os.Getenv("REDIS_PASSWORD"))
	defer func() { _ = client.Close() }()
	id, err := e.send(ctx, client)
	if err != nil {
		return err
	}
	out.say("%s", out.dim(e.String()))
	out.say("event %s  sent to %s", out.bold(id), place.addr())
	out.say("")
	out.say("what becomes of it:")
	out.say("  redis-cli %sXRANGE '%s' %s +", cliFlags(place), statusKey, id)
	kubectl := "kubectl get pods -A"
	if dev != nil {
		kubectl = dev.kubectl() + " get pods"
	}
	out.say("  %s -l %s", kubectl, e.touches(id))
	return nil
}

// touches selects the Pods that an event is about. Those of a scale_down are of other events.
func (e event) touches(id string) string {
	if e.kind == scaleDown {
		return selector
	}
	return labelEvent + "=" + id
}

// findRedis is where the environment says, else that of the running `dev`, which is returned too, else the one on the
// usual port of this machine, where `make redis` puts it.
func findRedis(ctx context.Context) (redisPlace, *devState, error) {
	host, port := os.Getenv("REDIS_HOST"), os.Getenv("REDIS_PORT")
	if host != "" || port != "" {
		return redisPlace{Host: fromEnv("REDIS_HOST", "localhost"), Port: fromEnv("REDIS_PORT", "6379")}, nil, nil
	}
	state, err := readDevState()
	if err == nil {
		return state.Redis, &state, nil
	}
	if usual := (redisPlace{Host: loopback, Port: "6379"}); usual.listens(ctx) {
		return usual, nil, nil
	}
	return redisPlace{}, nil, err
}

func (r redisPlace) listens(ctx context.Context) bool {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", r.addr())
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// cliFlags point redis-cli at a Redis.
func cliFlags(place redisPlace) string {
	flags := ""
	if !isLoopback(place.Host) {
		flags = "-h " + place.Host + " "
	}
	if place.Port != "6379" {
		flags += "-p " + place.Port + " "
	}
	return flags
}

func isLoopback(host string) bool { return host == "localhost" || net.ParseIP(host).IsLoopback() }
