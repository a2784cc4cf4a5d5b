package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/worker/queue"
)

// queuesExample has every field but those of defaults.
const queuesExample = `version: 1
aging: 10m                  # what one step of priority is worth; restart to change
priority_classes: {low: -1, normal: 0, high: 1}      # -10 to 10
unknown_queues: own         # own, default or reject
max_unknown_queues: 1000
defaults: {weight: 1, priority: normal, max_priority: normal, templates: ["*"]}
queues:
- name: web
  weight: 3
  max_workers: 200
  max_waiting: 5000
  start_deadline: 2h
  max_priority: high
  templates: [go, node-*]
- name: data
  max_workers: 15
templates:
- name: gpu
  max_workers: 8
  overrides:
    images: ["registry.example/ci/**"]
    cpu: "8"
    memory: 16Gi
`

func TestQueuesExample(t *testing.T) {
	got, err := parseQueues([]byte(queuesExample))
	if err != nil {
		t.Fatal(err)
	}
	defaults := queue.QueuePolicy{Weight: 1, Priority: "normal", MaxPriority: "normal", Templates: []string{"*"}}
	data := defaults
	data.MaxWorkers = 15
	want := &queue.Policy{
		Aging: 10 * time.Minute, Classes: map[string]int{"low": -1, "normal": 0, "high": 1}, Unknown: queue.UnknownOwn, MaxQueues: 1000,
		Defaults: defaults,
		Queues: map[string]queue.QueuePolicy{
			"web": {
				Weight: 3, MaxWorkers: 200, MaxWaiting: 5000, StartDeadline: 2 * time.Hour, Priority: "normal", MaxPriority: "high",
				Templates: []string{"go", "node-*"},
			},
			"data": data,
		},
		Templates: map[string]queue.TemplatePolicy{"gpu": {
			MaxWorkers: 8, Overrides: queue.Overrides{Images: []string{"registry.example/ci/**"}, MilliCPU: 8000, MemoryBytes: 16 << 30},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestQueuesDefaults(t *testing.T) {
	want := queue.Default()
	if got, err := LoadQueues(""); err != nil || !cmp.Equal(want, got) {
		t.Errorf("without a file: %+v, %v", got, err)
	}
	want.Queues, want.Templates = map[string]queue.QueuePolicy{}, map[string]queue.TemplatePolicy{}
	got, err := parseQueues([]byte("---\nversion: 1\n"))
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("of a file that says nothing: %v\n%s", err, diff)
	}
	got, err = parseQueues([]byte(`version: 1
priority_classes: {batch: -5, main: 0, hotfix: 10}
defaults: {priority: main, max_priority: hotfix, max_workers: 7, templates: ["", go]}
queues: [{name: a/b, weight: 1000}, {name: slow, max_priority: batch, priority: batch}]
templates: [{name: "", overrides: {cpu: 0.5, memory: 1024, images: ["docker.io/library/golang:*", "**"]}}]
`))
	if err != nil {
		t.Fatal(err)
	}
	inherited := queue.QueuePolicy{Weight: 1000, MaxWorkers: 7, Priority: "main", MaxPriority: "hotfix", Templates: []string{"", "go"}}
	if diff := cmp.Diff(inherited, got.Queues["a/b"]); diff != "" {
		t.Errorf("what a queue takes from the defaults:\n%s", diff)
	}
	if o := got.Templates[""].Overrides; o.MilliCPU != 500 || o.MemoryBytes != 1024 || len(o.Images) != 2 {
		t.Errorf("overrides of the built-in template: %+v", o)
	}
}

func TestQueuesRefused(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"nothing":           {"", "version: got nothing, takes 1"},
		"another version":   {"version: 2", "version: got 2, takes 1"},
		"a version as text": {`version: "1"`, `version: got "1", takes 1`},
		"a list":            {"- version: 1", "the file: got [{"},
		"no YAML":           {"version: 1\n\tx", "got no YAML"},
		"a field twice":     {"version: 1\nversion: 1", "already set"},
		"two documents":     {"version: 1\n---\nversion: 1", "a second document"},
		"an unknown field":  {"version: 1\nque: []", "que: got an unknown field, takes version, aging"},
		"an unknown field below": {
			"version: 1\nqueues: [{name: a, wieght: 3}]", "queues[0].wieght: got an unknown field, takes name, weight, max_workers",
		},
		"an unknown override":    {"version: 1\ntemplates: [{name: a, overrides: {gpu: 1}}]", "templates[0].overrides.gpu: got an unknown field"},
		"aging without a unit":   {"version: 1\naging: 10", "aging: got 10, takes a duration"},
		"aging below a second":   {"version: 1\naging: 1ms", `aging: got "1ms", takes a duration`},
		"a class as a list":      {"version: 1\npriority_classes: [low]", `priority_classes: got ["low"], takes priority classes`},
		"a class too high":       {"version: 1\npriority_classes: {normal: 11}", "priority_classes.normal: got 11, takes a number from -10 to 10"},
		"a class without number": {"version: 1\npriority_classes: {normal: }", "priority_classes.normal: got nothing, takes a number"},
		"a class with a space":   {"version: 1\npriority_classes: {normal: 0, a b: 1}", "priority_classes.a b: got 1, takes a class with a name"},
		"classes without normal": {"version: 1\npriority_classes: {main: 0}", "defaults.priority: got nothing, takes one of the priority_classes main"},
		"a mode":                 {"version: 1\nunknown_queues: drop", `unknown_queues: got "drop", takes own, default or reject`},
		"no unknown queues":      {"version: 1\nmax_unknown_queues: 0", "max_unknown_queues: got 0, takes a number from 1 to"},
		"weight 0":               {"version: 1\nqueues: [{name: a, weight: 0}]", "queues[0].weight: got 0, takes a number from 1 to 1000"},
		"weight 1001":            {"version: 1\ndefaults: {weight: 1001}", "defaults.weight: got 1001, takes a number from 1 to 1000"},
		"weight 1.5":             {"version: 1\ndefaults: {weight: 1.5}", "defaults.weight: got 1.5, takes a number from 1 to 1000"},
		"weight as text":         {"version: 1\ndefaults: {weight: '3'}", `defaults.weight: got "3", takes a number`},
		"max_workers 0":          {"version: 1\nqueues: [{name: a, max_workers: 0}]", "queues[0].max_workers: got 0, takes a number from 1 to"},
		"a deadline of 0":        {"version: 1\nqueues: [{name: a, start_deadline: 0s}]", "queues[0].start_deadline: got \"0s\", takes a duration"},
		"no name":                {"version: 1\nqueues: [{weight: 3}]", "queues[0].name: got nothing, takes the name of a queue"},
		"a name with a space":    {"version: 1\nqueues: [{name: a b}]", `queues[0].name: got "a b", takes the name of a queue`},
		"a name that is a number": {
			"version: 1\nqueues: [{name: 007}]", "queues[0].name: got 7, takes the name of a queue",
		},
		"a name twice":           {"version: 1\nqueues: [{name: a}, {name: a}]", "queues[1].name: got \"a\", takes a name that no other one has"},
		"a queue that is text":   {"version: 1\nqueues: [web]", `queues[0]: got "web", takes the fields name, weight`},
		"queues by name":         {"version: 1\nqueues: {web: {weight: 3}}", "takes a list"},
		"an unknown class":       {"version: 1\nqueues: [{name: a, max_priority: urgent}]", `queues[0].max_priority: got "urgent", takes one of the priority_classes high, low, normal`},
		"priority above highest": {"version: 1\nqueues: [{name: a, priority: high}]", `queues[0].priority: got "high", takes a class that is not above max_priority normal`},
		"a malformed pattern":    {"version: 1\nqueues: [{name: a, templates: ['[a']}]", `queues[0].templates[0]: got "[a", takes a pattern of template names`},
		"one template":           {"version: 1\nqueues: [{name: a, templates: go}]", `queues[0].templates: got "go", takes a list`},
		"a template's name":      {"version: 1\ntemplates: [{name: A_B}]", `templates[0].name: got "A_B", takes the name of a template`},
		"a template without one": {"version: 1\ntemplates: [{max_workers: 3}]", "templates[0].name: got nothing"},
		"a short image":          {"version: 1\ntemplates: [{name: a, overrides: {images: [golang]}}]", `templates[0].overrides.images[0]: got "golang", takes a pattern of whole image names`},
		"an image without a tag": {"version: 1\ntemplates: [{name: a, overrides: {images: [docker.io/library/golang]}}]", "takes a pattern of whole image names"},
		"an image without registry": {
			"version: 1\ntemplates: [{name: a, overrides: {images: ['library/golang:*']}}]", "takes a pattern of whole image names",
		},
		"an upper-case registry": {"version: 1\ntemplates: [{name: a, overrides: {images: ['Registry.example/**']}}]", "takes a pattern of whole image names"},
		"cpu":                    {"version: 1\ntemplates: [{name: a, overrides: {cpu: 8Gi}}]", `templates[0].overrides.cpu: got "8Gi", takes a quantity such as 500m`},
		"memory":                 {"version: 1\ntemplates: [{name: a, overrides: {memory: 0}}]", `templates[0].overrides.memory: got "0", takes a quantity`},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := parseQueues([]byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%+v, %v\nwant …%s", p, err, c.want)
			}
		})
	}
}

func TestLoadQueuesNamesTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "queues.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("version: 2\naging: 5")
	_, err := LoadQueues(file)
	want := file + ": version: got 2, takes 1\n" + file + ": aging: got 5, takes a duration such as 90s, 15m or 24h, at least 1s"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	write(queuesExample)
	if p, err := LoadQueues(file); err != nil || p.Queues["web"].Weight != 3 {
		t.Errorf("%+v, %v", p, err)
	}
	write("#" + strings.Repeat(" ", maxQueuesFile))
	if _, err := LoadQueues(file); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("a large file: %v", err)
	}
	if _, err := LoadQueues(filepath.Dir(file)); err == nil {
		t.Error("a folder is read")
	}
}

func FuzzQueues(f *testing.F) {
	f.Add(queuesExample)
	f.Add("version: 1\nqueues: [{name: a, templates: [{}]}, null, 5]")
	f.Add("version: 1\ntemplates: {a: [}")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parseQueues([]byte(text))
		if err != nil {
			return
		}
		for name, q := range p.Queues {
			if name == "" || q.Weight < 1 || q.MaxWorkers < 0 || q.StartDeadline < 0 || p.Classes[q.Priority] > p.Classes[q.MaxPriority] {
				t.Errorf("%q: %+v", name, q)
			}
		}
	})
}
