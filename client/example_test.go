package client_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/client"
	"github.com/ottoscaler/ottoscaler/client/internal/miniature"
)

func Example() {
	server := miniature.Start()
	defer server.Stop()

	rdb := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer rdb.Close()
	otto := client.New(rdb, client.Options{})
	defer otto.Close()

	ctx := context.Background()
	run, err := otto.Run(ctx, client.Request{PodCount: 3, TaskID: "task-123"})
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := run.Wait(ctx)
	fmt.Println(result.OK, result.Counts.Succeeded, err)
	// Output: true 3 <nil>
}

func ExampleRun_Events() {
	server := miniature.Start()
	defer server.Stop()
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer rdb.Close()
	otto := client.New(rdb, client.Options{})
	defer otto.Close()

	ctx := context.Background()
	run, err := otto.Run(ctx, client.Request{PodCount: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	for s, err := range run.Events(ctx) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if s.IsOutcome() {
			fmt.Println("worker", s.Index, s.State)
		} else {
			fmt.Println(s.Kind)
		}
	}
	// Output:
	// accepted
	// worker 1 succeeded
	// worker 2 succeeded
	// closed
}

func ExampleRejectedError() {
	server := miniature.Start()
	defer server.Stop()
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer rdb.Close()
	otto := client.New(rdb, client.Options{})
	defer otto.Close()

	_, err := otto.Run(context.Background(), client.Request{PodCount: 1, Queue: "unknown"})
	if rejected, ok := errors.AsType[*client.RejectedError](err); ok {
		fmt.Println(rejected.ReasonCode, rejected.Code(), rejected.Message)
	}
	// Output: unknown_queue OTTO401 there is no queue "unknown"
}

func ExampleClient_Follow() {
	server := miniature.Start()
	defer server.Stop()
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer rdb.Close()
	otto := client.New(rdb, client.Options{})
	defer otto.Close()

	ctx := context.Background()
	if _, err := otto.Run(ctx, client.Request{PodCount: 1, TaskID: "task-123"}); err != nil {
		fmt.Println(err)
		return
	}
	cursor := client.FromStart // later: what was saved
	for item, err := range otto.Follow(ctx, cursor) {
		switch {
		case err != nil:
			fmt.Println(err)
			return
		case item.Gap != nil:
			fmt.Println("missed something after", item.Gap.After)
			continue
		}
		fmt.Println(item.Status.Kind)
		cursor = item.Status.ID // save it with what was done
		if item.Status.Kind == client.KindClosed {
			break
		}
	}
	fmt.Println("go on after", cursor)
	// Output:
	// accepted
	// worker
	// closed
	// go on after 3-0
}

func ExampleClient_Consume() { //nolint:testableexamples // it runs until its context ends
	rdb := redis.NewClient(&redis.Options{Addr: "localhost:6379"})
	otto := client.New(rdb, client.Options{})
	defer otto.Close()

	// Each outcome is handled by one of the replicas that run this, and again if it returns an error.
	options := client.ConsumeOptions{Group: "billing"}
	err := otto.Consume(context.Background(), options, func(ctx context.Context, s client.Status) error {
		fmt.Println(s.EventID, s.Index, s.State)
		return ctx.Err()
	})
	if err != nil {
		fmt.Println(err)
	}
}
