// Package client sends work to Ottoscaler and tells what becomes of it.
//
//	rdb := redis.NewClient(&redis.Options{Addr: "localhost:6379"})
//	otto := client.New(rdb, client.Options{})
//	defer otto.Close()
//	run, err := otto.Run(ctx, client.Request{PodCount: 3, TaskID: "task-123"})
//	…
//	result, err := run.Wait(ctx)
//
// A request is one entry of a Redis Stream. It is sent with an idempotency key, one of the caller or a new one, so that sending it
// again after a lost reply never starts anything twice. One reader of the status stream serves all runs and followers of a Client; it
// reconnects by itself. Status entries are numbered for each event, and the state of an event is in Redis too: whoever missed
// entries notices it, reads that state, and goes on.
//
// A worker that failed is a result, not an error. Errors are: the request was rejected, it could not be sent, contact was
// lost for longer than the caller waits, or the event is over for so long that Redis does not know it any more.
package client
