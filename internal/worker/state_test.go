package worker

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

func testSettings() Settings {
	return Settings{
		Rules:      event.Rules{MaxPods: 1000, Deadlines: map[string]time.Duration{"": 6 * time.Hour, "big": time.Hour}},
		Names:      event.NewNames(event.DefaultInstance, event.DefaultStream),
		MaxWorkers: 6, MaxWaiting: 100, MaxAttempts: 3, CreateConcurrency: 4, DeleteConcurrency: 2,
		PendingTimeout: 15 * time.Minute, ImagePullTimeout: 2 * time.Minute,
		SucceededTTL: 30 * time.Second, FailedTTL: 10 * time.Minute,
	}
}

// TestSimulation lets rapid choose what happens and in which order, crashes included, and checks the invariants at
// every step and the whole story at the end.
func TestSimulation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(testSettings(), t.Fatalf)
		t.Repeat(simulation(w))
		w.foreign = map[string]bool{}
		w.heal()
		w.checkEnd()
	})
}

func simulation(w *world) map[string]func(*rapid.T) {
	pick := func(t *rapid.T, n int) int {
		if n == 0 {
			t.Skip("nothing to choose")
		}
		return rapid.IntRange(0, n-1).Draw(t, "which")
	}
	return map[string]func(*rapid.T){
		"add": func(t *rapid.T) {
			fields := map[string]string{"type": "scale_up", "pod_count": fmt.Sprint(rapid.IntRange(0, 4).Draw(t, "pods"))}
			if k := rapid.IntRange(0, 4).Draw(t, "key"); k > 2 {
				fields["idempotency_key"] = fmt.Sprint("k", k)
			}
			if rapid.Bool().Draw(t, "big") {
				fields["template"] = "big"
			}
			if k := rapid.IntRange(0, 3).Draw(t, "task"); k > 0 {
				fields["task_id"] = fmt.Sprint("task-", k)
			}
			if rapid.IntRange(0, 3).Draw(t, "down") == 0 {
				fields["type"] = "scale_down"
			}
			w.add(fields)
		},
		"read": func(t *rapid.T) { w.deliverNew(rapid.IntRange(1, 5).Draw(t, "n")) },
		"set the group back": func(t *rapid.T) {
			if rapid.IntRange(0, 9).Draw(t, "sure") == 0 {
				w.setBack(rapid.IntRange(0, w.read).Draw(t, "to"))
			}
		},
		"re-read": func(t *rapid.T) { w.deliverPending() },
		"read ahead": func(t *rapid.T) {
			if rapid.Bool().Draw(t, "pending") {
				w.readPending()
			} else {
				w.readNew(3)
			}
		},
		"commit": func(t *rapid.T) {
			w.commit(rapid.IntRange(1, 9).Draw(t, "n"), rapid.IntRange(0, 19).Draw(t, "lost") == 0)
		},
		"create": func(t *rapid.T) {
			i := pick(t, len(w.creates))
			w.serveCreate(i, rapid.SampledFrom([]string{"", "", "", "", "busy", "denied", "refused", "lost", "reply lost"}).Draw(t, "fate"))
		},
		"remove": func(t *rapid.T) { w.serveRemove(pick(t, len(w.removes)), rapid.IntRange(0, 5).Draw(t, "fail") == 0) },
		"ask":    func(t *rapid.T) { w.serveAsk(pick(t, len(w.asks)), rapid.IntRange(0, 5).Draw(t, "fail") == 0) },
		"reply":  func(t *rapid.T) { w.reply(pick(t, len(w.replies))) },
		"watch":  func(t *rapid.T) { w.deliverWatch(rapid.IntRange(1, 5).Draw(t, "n")) },
		"relist": func(t *rapid.T) { w.list() },
		"crash": func(t *rapid.T) {
			jump := time.Duration(rapid.SampledFrom([]int{0, 0, 0, 1, -1}).Draw(t, "clock jumps")) * time.Hour
			w.die(rapid.IntRange(0, 4).Draw(t, "arrive"))
			w.now = w.now.Add(jump)
			w.begin()
		},
		"arrive": func(t *rapid.T) { w.arrive(pick(t, len(w.late))) },
		"flush": func(t *rapid.T) {
			// A term that has just begun may not know yet which events are closed: their Pods would be adopted.
			calm := len(w.core.lookups.byEvent)+len(w.core.orphans.byEvent)+len(w.creates)+len(w.late) == 0
			if rapid.IntRange(0, 4).Draw(t, "sure") == 0 && calm && w.first == 0 {
				w.flush()
			}
		},
		"time": func(t *rapid.T) {
			w.now = w.now.Add(time.Duration(rapid.SampledFrom([]int{1, 250, 5_000, 31_000, 700_000}).Draw(t, "ms")) * time.Millisecond)
			w.feed(tick{})
		},
		"pod": func(t *rapid.T) {
			names := w.podNames()
			name := names[pick(t, len(names))]
			p := w.pods[name]
			switch rapid.SampledFrom([]string{"run", "succeed", "fail", "evict", "image", "deleting", "delete", "again", "evict"}).Draw(t, "fate") {
			case "run":
				w.advance(name, PhaseRunning)
			case "succeed":
				w.advance(name, PhaseSucceeded)
			case "fail":
				w.advance(name, PhaseFailed)
			case "evict":
				p.obs.Disrupted = p.obs.Disrupted || !p.obs.Phase.Ended()
				w.advance(name, PhaseFailed)
			case "image":
				if p.obs.Phase == PhasePending {
					p.obs.Node, p.obs.Waiting, p.obs.Reason = "node-1", WaitingImage, "ErrImagePull"
					w.tell(name)
				}
			case "deleting":
				p.obs.Deleting = w.now.Add(30 * time.Second)
				w.tell(name)
			case "delete":
				if w.deletable(name) {
					w.vanish(name)
				}
			case "again":
				w.tell(name)
			}
		},
		"edit": func(t *rapid.T) {
			names := w.podNames()
			switch name := names[pick(t, len(names))]; {
			case w.pods[name].edited():
				w.relabel(name)
			case w.alive(name) && rapid.Bool().Draw(t, "labels"):
				w.unlabel(name)
			case w.alive(name):
				w.scribble(name)
			}
		},
		"foreign": func(t *rapid.T) {
			name := w.set.Names.Worker(w.entries[pick(t, len(w.entries))].ID, 1)
			if w.posted[name] == 0 {
				w.foreign[name] = !w.foreign[name]
			}
		},
	}
}
