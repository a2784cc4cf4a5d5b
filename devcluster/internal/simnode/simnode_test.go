package simnode

import (
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

func TestConfigIsYAML(t *testing.T) {
	kinds := map[string]int{}
	for doc := range strings.SplitSeq(Config(40), "\n---\n") {
		var object struct {
			Kind     string                `json:"kind"`
			Metadata struct{ Name string } `json:"metadata"`
		}
		if err := yaml.Unmarshal([]byte(doc), &object); err != nil {
			t.Fatalf("%v in\n%s", err, doc)
		}
		kinds[object.Kind]++
	}
	if kinds["KwokConfiguration"] != 1 || kinds["Stage"] != 6 || len(kinds) != 2 {
		t.Errorf("kinds: %v", kinds)
	}
}

func TestNodeMatchesSelectorOfConfig(t *testing.T) {
	labels := Node("kwok-0")["metadata"].(map[string]any)["labels"].(map[string]string)
	if labels[LabelKey] != LabelValue || !strings.Contains(Config(40), LabelKey+"="+LabelValue) {
		t.Errorf("labels: %v", labels)
	}
}
