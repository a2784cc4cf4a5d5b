package templates

import (
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
)

// Options are the operator's settings for the Pods of workers.
type Options struct {
	Dir      string            // of `NAME.yaml` files, each a PodTemplateSpec; empty: only the built-in template
	Image    string            // of the built-in template
	Command  []string          // of the built-in template, instead of the image's entrypoint or the demo
	Args     []string          // of the built-in template
	Requests map[string]string // of the built-in template, such as cpu: 100m
	Limits   map[string]string // of the built-in template
	Deadline time.Duration     // of templates that set none; 0: none
}

// Set is all templates by name. The built-in one has the empty name. A Set never changes.
type Set struct {
	byName   map[string]corev1.PodTemplateSpec
	warnings map[string][]string // by name
}

// Load reads and checks all templates. An error names the file, the field and what is allowed. The daemon and the commands
// for people call it once.
func Load(o Options) (*Set, error) {
	own, err := builtin(o)
	if err != nil {
		return nil, err
	}
	t := &Set{byName: map[string]corev1.PodTemplateSpec{"": own}, warnings: make(map[string][]string)}
	if o.Dir == "" {
		return t, nil
	}
	files, err := findFiles(o.Dir)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file := files[name]
		template, err := loadFile(name, file)
		if err != nil {
			return nil, fmt.Errorf("template %s: %w", file, err)
		}
		if w := warnings(&template); len(w) > 0 {
			t.warnings[name] = w
		}
		complete(&template, o.Deadline)
		t.byName[name] = template
	}
	return t, nil
}

// Deadlines are how long a worker of each template may run; 0: without a limit. The rules for events need them.
func (t *Set) Deadlines() map[string]time.Duration {
	all := make(map[string]time.Duration, len(t.byName))
	for name, template := range t.byName {
		all[name] = 0
		if s := template.Spec.ActiveDeadlineSeconds; s != nil {
			all[name] = time.Duration(*s) * time.Second
		}
	}
	return all
}

// Names are the names that events may use, sorted; the built-in template has none. The command `check` tries each of them.
func (t *Set) Names() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(t.byName)), func(s string) bool { return s == "" })
}

// Changed are the names of the templates that differ from those of an older set, sorted: new ones, changed ones, removed ones.
func (t *Set) Changed(old *Set) []string {
	var names []string
	for name := range t.byName {
		template, before := t.byName[name], old.byName[name]
		if _, was := old.byName[name]; !was || !equality.Semantic.DeepEqual(template, before) {
			names = append(names, name)
		}
	}
	for name := range old.byName {
		if _, is := t.byName[name]; !is {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Warnings are what a template leaves to a guess, a sentence each; nil: nothing. The daemon logs them, the command `check`
// shows them.
func (t *Set) Warnings(name string) []string { return t.warnings[name] }

// Protected reports whether a template lets no scale_down take its Pods. The core calls it (worker.Settings) for Pods that
// the watch has not shown yet.
func (t *Set) Protected(name string) bool {
	template := t.byName[name]
	return template.Labels[ProtectedKey] == Protected || template.Annotations[ProtectedKey] == Protected
}

// Copy returns a template for package pods to complete; not ok: there is none of this name.
func (t *Set) Copy(name string) (corev1.PodTemplateSpec, bool) {
	template, ok := t.byName[name]
	return *template.DeepCopy(), ok
}
