package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/event"
)

var (
	yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")
	yamlKey   = regexp.MustCompile(`(?m)(?:^|[{,-]) *([a-z_]+):`)
)

// TestQueuesFiles: the queues files on the page are valid, the first one has every key, and the page explains each of them.
func TestQueuesFiles(t *testing.T) {
	page := read(t, "docs/queues.md")
	blocks := yamlBlock.FindAllStringSubmatch(page, -1)
	if len(blocks) != 2 {
		t.Fatalf("%d queues files", len(blocks))
	}
	for _, b := range blocks {
		path := filepath.Join(t.TempDir(), "queues.yaml")
		if err := os.WriteFile(path, []byte(b[1]), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := config.LoadQueues(path); err != nil {
			t.Error(err)
		}
	}
	others := []string{"low", "normal", "high", "name"} // names of classes, and a key of two lists
	for _, m := range yamlKey.FindAllStringSubmatch(blocks[0][1], -1) {
		if key := m[1]; !slices.Contains(others, key) && !strings.Contains(page, "`"+key+"`") && !strings.Contains(page, "`"+key+"[].") {
			t.Errorf("the page does not explain the key %q", key)
		}
	}
}

// TestQueuesFields: the page has every field that queues brought, and every reason code.
func TestQueuesFields(t *testing.T) {
	page := read(t, "docs/queues.md")
	for _, f := range event.Fields() {
		if f.Added && !strings.Contains(page, "`"+f.Name+"`") {
			t.Errorf("the page does not have the field %s", f.Name)
		}
	}
	for _, code := range []string{
		event.CodeQueue, event.CodeUnknownQueue, event.CodeQueueFull, event.CodeNotAllowed, event.CodePriority, event.CodeMaxParallel,
		event.CodeStartDeadline, event.CodeOverride, event.CodeCancel,
	} {
		if !strings.Contains(page, "`"+code+"`") {
			t.Errorf("the page does not have the code %s", code)
		}
	}
}
