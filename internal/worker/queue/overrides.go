package queue

import (
	"fmt"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// admitOverrides checks what the event changes of its template. The image is replaced by its whole name: what was checked is
// what runs, whichever registries a node puts in front of a short name.
func (p *Policy) admitOverrides(ev *event.Event, _ *QueuePolicy) *event.Rejection {
	allowed := p.Templates[ev.Template].Overrides
	if ev.Image != "" {
		image := normalizeImage(ev.Image)
		if len(allowed.Images) == 0 {
			return notAllowed(ev, "image", "")
		}
		if allowed.pattern(image) == noPattern {
			return notAllowed(ev, "image", fmt.Sprintf("%s: want one that matches %s", image, some(allowed.Images)))
		}
		ev.Image = image
	}
	if milli, _ := event.ParseCPU(ev.CPU); ev.CPU != "" && milli > allowed.MilliCPU {
		return overLimit(ev, "cpu", ev.CPU, formatCPU(float64(allowed.MilliCPU)), allowed.MilliCPU == 0)
	}
	if bytes, _ := event.ParseMemory(ev.Memory); ev.Memory != "" && bytes > allowed.MemoryBytes {
		return overLimit(ev, "memory", ev.Memory, formatMemory(allowed.MemoryBytes), allowed.MemoryBytes == 0)
	}
	return nil
}

func overLimit(ev *event.Event, field, value, highest string, none bool) *event.Rejection {
	if none {
		return notAllowed(ev, field, "")
	}
	return notAllowed(ev, field, fmt.Sprintf("%s: want at most %s", value, highest))
}

// notAllowed says what is wrong with a value; empty: an event may not set the field at all.
func notAllowed(ev *event.Event, field, problem string) *event.Rejection {
	template := fmt.Sprintf("the template %q", ev.Template)
	if ev.Template == "" {
		template = "the built-in template"
	}
	if problem == "" {
		return event.Reject(event.CodeOverride, "%s takes no %s from an event: leave the field out", template, field)
	}
	return event.Reject(event.CodeOverride, "%s does not take the %s %s", template, field, problem)
}
