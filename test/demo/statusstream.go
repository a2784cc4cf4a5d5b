package main

import (
	"context"
	"errors"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/test/poll"
)

const (
	statusBlock = 250 * time.Millisecond // bounds the delay of the end
	statusPause = 250 * time.Millisecond // after an error
)

// readStatus reports every entry of the status stream until ctx ends.
func readStatus(ctx context.Context, client *goredis.Client, each func(update)) {
	for last := "0"; ctx.Err() == nil; {
		// Not ctx: a blocking read ends soon enough.
		read, cancel := context.WithTimeout(context.WithoutCancel(ctx), statusBlock+5*time.Second)
		streams, err := client.XRead(read, &goredis.XReadArgs{Streams: []string{statusKey, last}, Block: statusBlock}).Result()
		cancel()
		if err != nil && !errors.Is(err, goredis.Nil) {
			poll.Sleep(ctx, statusPause)
			continue
		}
		for _, s := range streams {
			for _, m := range s.Messages {
				last = m.ID
				each(statusEntry{at: time.Now(), fields: texts(m.Values)})
			}
		}
	}
}

func texts(values map[string]any) map[string]string {
	all := make(map[string]string, len(values))
	for key, value := range values {
		all[key], _ = value.(string)
	}
	return all
}
