package api

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/ottoscaler/ottoscaler/internal/config"
)

// TestQueuesFile: the schema takes what the product takes, and refuses what it refuses; what depends on other values of the file
// only the product sees.
func TestQueuesFile(t *testing.T) {
	page, err := os.ReadFile("../docs/queues.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```yaml\n(version: 1.*?)```").FindAllSubmatch(page, -1)
	if len(examples) < 2 {
		t.Fatalf("%d examples in docs/queues.md", len(examples))
	}
	for _, m := range examples {
		checkQueuesFile(t, string(m[1]), true)
	}
	for _, file := range []string{
		"version: 1", "{version: 1, aging: 1h30m}", "{version: 1, queues: [{name: a/b}], templates: [{name: ''}]}",
		"{version: 1, templates: [{name: gpu, overrides: {cpu: 8, memory: 1Gi}}]}",
	} {
		checkQueuesFile(t, file, true)
	}
	for _, file := range []string{
		"{}", "[]", "version: 2", "{version: 1, colour: blue}", "{version: 1, aging: soon}", "{version: 1, aging: 5}",
		"{version: 1, priority_classes: {x: 11}}", "{version: 1, priority_classes: {'a b': 1}}", "{version: 1, unknown_queues: maybe}",
		"{version: 1, max_unknown_queues: 0}", "{version: 1, defaults: {weight: 0}}", "{version: 1, defaults: {name: x}}",
		"{version: 1, queues: [{weight: 3}]}", "{version: 1, queues: [{name: 'a b'}]}", "{version: 1, queues: [{name: a, wieght: 3}]}",
		"{version: 1, queues: [{name: a, max_workers: 1.5}]}", "{version: 1, queues: {a: {}}}", "{version: 1, queues: [{name: a, templates: x}]}",
		"{version: 1, templates: [{name: A}]}", "{version: 1, templates: [{name: a, overrides: {gpu: 1}}]}", "{version: 1, templates: [{name: a, weight: 1}]}",
	} {
		checkQueuesFile(t, file, false)
	}
}

func checkQueuesFile(t *testing.T, text string, valid bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "queues.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.LoadQueues(path); (err == nil) != valid {
		t.Errorf("%s: the product says %v", text, err)
	}
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	if err := compile(t, "queues-file.schema.json").Validate(value); (err == nil) != valid {
		t.Errorf("%s: the schema says %v", text, err)
	}
}
