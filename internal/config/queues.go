package config

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker/queue"
)

const (
	maxQueuesFile = 1 << 20 // bytes: as large as a ConfigMap
	maxYAMLError  = 1 << 10 // bytes of what the YAML library says
	maxWeight     = 1000
	maxClass      = 10
)

// LoadQueues reads the operator's policy for queues. Without a file it is the default policy. The error has one line per
// invalid value, with its path in the file, the value and what it takes. The daemon calls it at the start and whenever the
// file changes.
func LoadQueues(file string) (*queue.Policy, error) {
	if file == "" {
		return queue.Default(), nil
	}
	data, err := readQueues(file)
	if err == nil {
		var p *queue.Policy
		if p, err = parseQueues(data); err == nil {
			return p, nil
		}
	}
	return nil, fmt.Errorf("%s: %s", file, strings.ReplaceAll(err.Error(), "\n", "\n"+file+": "))
}

func readQueues(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(f, maxQueuesFile+1))
	if err == nil && len(data) > maxQueuesFile {
		err = fmt.Errorf("the file is too large, takes at most %d bytes", maxQueuesFile)
	}
	return data, err
}

func parseQueues(data []byte) (*queue.Policy, error) {
	root, err := parseDocument(data)
	if err != nil {
		return nil, err
	}
	p := queue.Default()
	field := root.object("version", "aging", "priority_classes", "unknown_queues", "max_unknown_queues", "defaults", "queues", "templates")
	if v := field("version"); v.value != json.Number("1") {
		v.reject("1")
	}
	p.Aging = readDuration(field("aging"), p.Aging)
	readClasses(field("priority_classes"), p)
	p.Unknown = queue.UnknownMode(field("unknown_queues").text(oneOf(
		string(queue.UnknownOwn), string(queue.UnknownDefault), string(queue.UnknownReject)), string(p.Unknown)))
	p.MaxQueues = int(field("max_unknown_queues").number(1, maxCount, int64(p.MaxQueues)))
	p.Defaults = readDefaults(field("defaults"), p)
	p.Queues = readNamed(field("queues"), "the name of a queue", event.ValidQueue, func(n node) queue.QueuePolicy {
		return readQueue(n, p, p.Defaults, "name")
	})
	p.Templates = readNamed(field("templates"), `the name of a template; "" for the built-in one`, isTemplate, readTemplate)
	return p, root.errors()
}

// readClasses replaces all classes.
func readClasses(n node, p *queue.Policy) {
	if n.value == nil {
		return
	}
	p.Classes = make(map[string]int)
	all := n.entries("priority classes, each with its number")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !event.ValidPriority(name) {
			all[name].reject("a class with a name of 1 to 63 ASCII letters, digits, dots, hyphens and underscores")
		}
		if all[name].value == nil {
			all[name].reject("a number from -10 to 10")
		}
		p.Classes[name] = int(all[name].number(-maxClass, maxClass, 0))
	}
}

// readNamed reads a list of things that each have a name.
func readNamed[T any](n node, takes string, valid func(string) bool, read func(node) T) map[string]T {
	all := make(map[string]T)
	for _, item := range n.items() {
		policy := read(item)
		fields, ok := item.value.(map[string]any)
		if !ok {
			continue
		}
		name := item.child("name", fields["name"])
		v := name.text(rule{takes: takes, valid: valid}, "")
		_, twice := all[v]
		switch {
		case name.value == nil:
			name.reject(takes)
		case twice && v == name.value:
			name.reject("a name that no other one has")
		}
		all[v] = policy
	}
	return all
}

// readDefaults also finds that the operator's own classes lack a default.
func readDefaults(n node, p *queue.Policy) queue.QueuePolicy {
	q := readQueue(n, p, p.Defaults)
	fields, _ := n.value.(map[string]any)
	for field, class := range map[string]string{"priority": q.Priority, "max_priority": q.MaxPriority} {
		if _, known := p.Classes[class]; !known && fields[field] == nil {
			n.child(field, nil).reject(classRule(p).takes)
		}
	}
	return q
}

// readQueue takes what the file does not say from otherwise.
func readQueue(n node, p *queue.Policy, otherwise queue.QueuePolicy, more ...string) queue.QueuePolicy {
	field := n.object(append(more, "weight", "max_workers", "max_waiting", "start_deadline", "priority", "max_priority", "templates")...)
	q := queue.QueuePolicy{
		Weight:        field("weight").number(1, maxWeight, otherwise.Weight),
		MaxWorkers:    int(field("max_workers").number(1, maxCount, int64(otherwise.MaxWorkers))),
		MaxWaiting:    int(field("max_waiting").number(1, maxCount, int64(otherwise.MaxWaiting))),
		StartDeadline: readDuration(field("start_deadline"), otherwise.StartDeadline),
		Priority:      field("priority").text(classRule(p), otherwise.Priority),
		MaxPriority:   field("max_priority").text(classRule(p), otherwise.MaxPriority),
		Templates:     readTemplates(field("templates"), otherwise.Templates),
	}
	if p.Classes[q.Priority] > p.Classes[q.MaxPriority] {
		field("priority").reject("a class that is not above max_priority " + q.MaxPriority + "; it is " + q.Priority)
	}
	return q
}

func classRule(p *queue.Policy) rule {
	return rule{
		takes: "one of the priority_classes " + strings.Join(slices.Sorted(maps.Keys(p.Classes)), ", "),
		valid: func(class string) bool {
			_, known := p.Classes[class]
			return known
		},
	}
}

func readTemplates(n node, otherwise []string) []string {
	if n.value == nil {
		return otherwise
	}
	patterns := rule{takes: "a pattern of template names, such as * or node-*", valid: func(v string) bool {
		_, err := path.Match(v, "")
		return err == nil
	}}
	all := []string{}
	for _, item := range n.items() {
		all = append(all, item.text(patterns, ""))
	}
	return all
}

func readTemplate(n node) queue.TemplatePolicy {
	field := n.object("name", "max_workers", "overrides")
	may := field("overrides").object("images", "cpu", "memory")
	t := queue.TemplatePolicy{MaxWorkers: int(field("max_workers").number(1, maxCount, 0))}
	for _, item := range may("images").items() {
		t.Overrides.Images = append(t.Overrides.Images, item.text(imagePatterns(), ""))
	}
	cpu := rule{takes: "a quantity such as 500m or 8", valid: func(v string) bool { _, ok := event.ParseCPU(v); return ok }}
	t.Overrides.MilliCPU, _ = event.ParseCPU(may("cpu").quantity(cpu))
	memory := rule{takes: "a quantity such as 512Mi or 16Gi", valid: func(v string) bool { _, ok := event.ParseMemory(v); return ok }}
	t.Overrides.MemoryBytes, _ = event.ParseMemory(may("memory").quantity(memory))
	return t
}

func isTemplate(v string) bool { return v == "" || dnsLabelForm.MatchString(v) }

var (
	registryForm = regexp.MustCompile(`^([-a-z0-9*]*[.:*][-a-z0-9.:*]*|localhost)$`)
	imageChars   = regexp.MustCompile(`^[A-Za-z0-9._/:@*-]+$`)
)

// imagePatterns are held against whole names, with registry and tag or digest: one that can match none is a mistake.
func imagePatterns() rule {
	return rule{
		takes: "a pattern of whole image names, such as registry.example/ci/** or docker.io/library/golang:*",
		valid: func(v string) bool {
			registry, _, _ := strings.Cut(v, "/")
			last := v[strings.LastIndex(v, "/")+1:]
			whole := strings.Contains(v, "/") || strings.Contains(v, "**")
			return whole && imageChars.MatchString(v) && registryForm.MatchString(registry) && strings.ContainsAny(last, ":@*")
		},
	}
}

func readDuration(n node, otherwise time.Duration) time.Duration {
	v := n.text(duration(time.Second), "")
	d, err := time.ParseDuration(cmp.Or(v, "0s"))
	if v == "" || err != nil {
		return otherwise
	}
	return d
}
