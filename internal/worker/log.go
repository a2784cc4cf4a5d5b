package worker

import (
	"context"
	"log/slog"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// logWrite logs a committed write: the log says what the records say, no more and no sooner.
func logWrite(ctx context.Context, log *slog.Logger, w Write) {
	switch w := w.(type) {
	case Accept:
		log.LogAttrs(ctx, slog.LevelInfo, "event accepted", eventID(w.Event.EventID), taskID(w.Event.TaskID()),
			slog.Int("pod_count", w.Event.PodCount))
	case Duplicate:
		log.LogAttrs(ctx, slog.LevelInfo, "entry is a duplicate", eventID(w.ID), taskID(w.TaskID), slog.String("of", w.Of.String()))
	case Settle:
		log.LogAttrs(ctx, slog.LevelInfo, "event settled", eventID(w.ID), taskID(w.TaskID))
	case Progress:
		level := slog.LevelDebug
		if w.State == StateRetrying {
			level = slog.LevelWarn
		}
		if log.Enabled(ctx, level) {
			log.LogAttrs(ctx, level, "worker state changed", w.attrs()...)
		}
	case Outcome:
		log.LogAttrs(ctx, slog.LevelInfo, "worker ended", w.attrs()...)
	case Close:
		log.LogAttrs(ctx, slog.LevelInfo, "event closed", eventID(w.ID), taskID(w.TaskID),
			slog.Int("succeeded", w.Counts.Succeeded), slog.Int("failed", w.Counts.Failed),
			slog.Int("cancelled", w.Counts.Cancelled), slog.Int("lost", w.Counts.Lost))
	case Select:
		log.LogAttrs(ctx, slog.LevelInfo, "victims selected", eventID(w.ID), taskID(w.TaskID),
			slog.Int("victims", len(w.Victims)), slog.Int("asked", w.Asked))
	case Cancel:
		log.LogAttrs(ctx, slog.LevelInfo, "event cancels workers", eventID(w.ID), taskID(w.TaskID),
			slog.Int("waiting", w.Waiting), slog.Int("with_pod", w.WithPod))
	case Pause:
		logPause(ctx, log, w)
	case Reject, Ack, Restore, Refuse, View, Clock, Complete: // logged when it was decided, or not worth a line
	}
}

func logPause(ctx context.Context, log *slog.Logger, p Pause) {
	if p.On {
		log.LogAttrs(ctx, slog.LevelInfo, "queue paused", slog.String("queue", p.Queue), slog.String("by", p.By),
			slog.String("reason", p.Reason))
		return
	}
	log.LogAttrs(ctx, slog.LevelInfo, "queue resumed", slog.String("queue", p.Queue), slog.String("by", p.By))
}

func eventID(id event.ID) slog.Attr { return slog.String("event_id", id.String()) }

func taskID(t string) slog.Attr { return slog.String("task_id", t) }

func (r Report) attrs() []slog.Attr {
	attrs := []slog.Attr{
		eventID(r.ID), taskID(r.TaskID), slog.String("worker", r.Worker), slog.Int("attempt", r.Attempt),
		slog.String("state", string(r.State)),
	}
	for _, a := range []slog.Attr{slog.String("node", r.Node), slog.String("reason", r.Reason), slog.String("message", r.Message)} {
		if a.Value.String() != "" {
			attrs = append(attrs, a)
		}
	}
	if r.ExitCode != nil {
		attrs = append(attrs, slog.Int("exit_code", *r.ExitCode))
	}
	return attrs
}
