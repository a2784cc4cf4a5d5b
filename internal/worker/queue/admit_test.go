package queue

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// office is a policy with something of everything.
func office() *Policy {
	p := Default()
	p.Queues = map[string]QueuePolicy{
		"web":  {Weight: 3, StartDeadline: 2 * time.Hour, Priority: Low, MaxPriority: High, Templates: []string{"go", "node-*"}},
		"data": {Weight: 1, Priority: Normal, MaxPriority: Normal, Templates: []string{"", "gpu"}},
	}
	p.Templates = map[string]TemplatePolicy{
		"gpu": {MaxWorkers: 8, Overrides: Overrides{Images: []string{"registry.example/ci/**", "docker.io/library/golang:*"}, MilliCPU: 8000, MemoryBytes: 16 << 30}},
		"":    {Overrides: Overrides{MilliCPU: 500}},
	}
	return p
}

func up(change func(*event.Event)) event.Event {
	e := event.Event{EventID: event.ID{Ms: 5}, Type: event.ScaleUp, PodCount: 3, Queue: event.DefaultQueue}
	if change != nil {
		change(&e)
	}
	return e
}

// admitted are events that the office takes, and what becomes of them.
var admitted = map[string]struct {
	policy func(*Policy)
	event  func(*event.Event)
	want   func(*event.Event)
}{
	"plain":            {want: func(e *event.Event) { e.Priority = Normal }},
	"an unknown queue": {event: func(e *event.Event) { e.Queue = "ops" }, want: func(e *event.Event) { e.Priority = Normal }},
	"an unknown to default": {
		policy: func(p *Policy) {
			p.Unknown = UnknownDefault
			p.Queues["default"] = QueuePolicy{Priority: High, MaxPriority: High, Templates: []string{"*"}}
		},
		event: func(e *event.Event) { e.Queue = "ops" },
		want:  func(e *event.Event) { e.Queue, e.Priority = "default", High },
	},
	"an unknown to a default without settings": {
		policy: func(p *Policy) { p.Unknown = UnknownDefault },
		event:  func(e *event.Event) { e.Queue = "ops" },
		want:   func(e *event.Event) { e.Queue, e.Priority = "default", Normal },
	},
	"the queue's defaults": {
		event: func(e *event.Event) { e.Queue, e.Template = "web", "go" },
		want:  func(e *event.Event) { e.Priority, e.StartDeadline = Low, 2*time.Hour },
	},
	"its own instead": {
		event: func(e *event.Event) {
			e.Queue, e.Template, e.Priority, e.StartDeadline = "web", "node-24", High, time.Minute
		},
		want: func(*event.Event) {},
	},
	"the built-in template by an empty pattern": {
		event: func(e *event.Event) { e.Queue = "data" }, want: func(e *event.Event) { e.Priority = Normal },
	},
	"overrides": {
		event: func(e *event.Event) { e.Template, e.Image, e.CPU, e.Memory = "gpu", "golang", "8", "16Gi" },
		want:  func(e *event.Event) { e.Priority, e.Image = Normal, "docker.io/library/golang:latest" },
	},
	"a scale_down asks for nothing else": {
		event: func(e *event.Event) { e.Type, e.Queue, e.Priority, e.Image = event.ScaleDown, "web", "urgent", "evil" },
		want:  func(*event.Event) {},
	},
	"a cancel of a queue that is gone": {
		policy: func(p *Policy) { p.Unknown = UnknownReject },
		event:  func(e *event.Event) { e.Type, e.Queue, e.PodCount = event.Cancel, "gone", 0 },
		want:   func(*event.Event) {},
	},
}

func TestAdmit(t *testing.T) {
	for name, c := range admitted {
		t.Run(name, func(t *testing.T) {
			p := office()
			if c.policy != nil {
				c.policy(p)
			}
			sent := up(c.event)
			want := sent
			c.want(&want)
			got, bad := p.Admit(sent)
			if diff := cmp.Diff(want, got); bad != nil || diff != "" {
				t.Errorf("%+v\n%s", bad, diff)
			}
		})
	}
}

func TestAdmitRejects(t *testing.T) {
	for name, c := range map[string]struct {
		event      func(*event.Event)
		code, says string
	}{
		"an unknown queue":        {func(e *event.Event) { e.Queue = "ops" }, event.CodeUnknownQueue, `no queue "ops": want one of data, web`},
		"no queue":                {func(*event.Event) {}, event.CodeUnknownQueue, `no queue "default"`},
		"a template":              {func(e *event.Event) { e.Queue, e.Template = "web", "gpu" }, event.CodeNotAllowed, `does not allow the template "gpu": want one of go, node-*`},
		"the built-in template":   {func(e *event.Event) { e.Queue = "web" }, event.CodeNotAllowed, "does not allow the built-in template"},
		"no such class":           {func(e *event.Event) { e.Queue, e.Template, e.Priority = "web", "go", "urgent" }, event.CodePriority, "allows low, normal, high"},
		"a class too high":        {func(e *event.Event) { e.Queue, e.Priority = "data", High }, event.CodePriority, `priority is "high": queue "data" allows low, normal`},
		"an image of a template":  {func(e *event.Event) { e.Queue, e.Image = "data", "a" }, event.CodeOverride, "the built-in template takes no image from an event"},
		"another image":           {func(e *event.Event) { e.Queue, e.Template, e.Image = "data", "gpu", "registry.example/prod/x" }, event.CodeOverride, "registry.example/prod/x:latest: want one that matches registry.example/ci/**"},
		"cpu too high":            {func(e *event.Event) { e.Queue, e.Template, e.CPU = "data", "gpu", "8.001" }, event.CodeOverride, "the cpu 8.001: want at most 8"},
		"cpu of the built-in one": {func(e *event.Event) { e.Queue, e.CPU = "data", "501m" }, event.CodeOverride, "want at most 500m"},
		"memory too high":         {func(e *event.Event) { e.Queue, e.Template, e.Memory = "data", "gpu", "17179869185" }, event.CodeOverride, "want at most 16Gi"},
		"memory where none is":    {func(e *event.Event) { e.Queue, e.Memory = "data", "1" }, event.CodeOverride, "takes no memory from an event"},
	} {
		t.Run(name, func(t *testing.T) {
			p := office()
			p.Unknown = UnknownReject
			_, bad := p.Admit(up(c.event))
			if bad == nil || bad.Code != c.code || !strings.Contains(bad.Reason, c.says) {
				t.Errorf("got %+v, want %s: …%s", bad, c.code, c.says)
			}
		})
	}
}

// TestAdmitByDefault: without an operator's policy every queue is welcome, and no event raises itself above others.
func TestAdmitByDefault(t *testing.T) {
	p := Default()
	for class, code := range map[string]string{"": "", Low: "", Normal: "", High: event.CodePriority} {
		_, bad := p.Admit(up(func(e *event.Event) { e.Queue, e.Template, e.Priority = "any", "big", class }))
		if got := codeOf(bad); got != code {
			t.Errorf("priority %q: %q, want %q", class, got, code)
		}
	}
	for _, change := range []func(*event.Event){
		func(e *event.Event) { e.Image = "a" }, func(e *event.Event) { e.CPU = "1m" }, func(e *event.Event) { e.Memory = "1" },
	} {
		if _, bad := p.Admit(up(change)); codeOf(bad) != event.CodeOverride {
			t.Errorf("%+v: %+v", up(change), bad)
		}
	}
	if p.ClassNumber(Low) != -1 || p.ClassNumber(High) != 1 || p.ClassNumber("gone") != 0 {
		t.Error("the classes have other numbers")
	}
}

func codeOf(r *event.Rejection) string {
	if r == nil {
		return ""
	}
	return r.Code
}
