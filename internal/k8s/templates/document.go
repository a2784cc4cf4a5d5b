package templates

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
	k8syaml "sigs.k8s.io/yaml"

	"github.com/ottoscaler/ottoscaler/internal/text"
)

const (
	mergeKey = "<<"
	maxNodes = 100_000 // of a document without its aliases: one alias may stand for many others
)

// toJSON reads the one document of a file. Comments, a `---` before and after it, a byte order mark, anchors and merge keys
// are what other tools of Kubernetes take, and write. The values mean what they do to kubectl.
func toJSON(file []byte) ([]byte, error) {
	root, err := oneDocument(file)
	if err != nil || root == nil {
		return []byte("{}"), err
	}
	left := maxNodes
	plain, err := expand(root, &left)
	if err != nil {
		return nil, err
	}
	resolved, err := yaml.Marshal(plain)
	if err != nil {
		return nil, err
	}
	return k8syaml.YAMLToJSONStrict(resolved)
}

// oneDocument returns the content of the only document that is not empty; nil: all are.
func oneDocument(file []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(file))
	var root *yaml.Node
	for {
		var document yaml.Node
		err := decoder.Decode(&document)
		switch {
		case errors.Is(err, io.EOF):
			return root, nil
		case err != nil:
			return nil, withTab(file, err)
		case len(document.Content) == 0, document.Content[0].Tag == "!!null":
			continue
		case root != nil:
			return nil, fmt.Errorf("want one document, found a second one after `---`%s: apply what is no worker with kubectl, and put "+
				"another template into a file of its own", kindOf(document.Content[0]))
		}
		root = document.Content[0]
	}
}

// kindOf says what a document is.
func kindOf(n *yaml.Node) string {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == "kind" {
			return fmt.Sprintf(" (kind %s)", text.Line(n.Content[i+1].Value, maxQuoted))
		}
	}
	return ""
}

// withTab adds to an error the line that is indented with a tab, which an editor does not show.
func withTab(file []byte, err error) error {
	for i, line := range strings.Split(string(file), "\n") {
		if strings.HasPrefix(strings.TrimLeft(line, " "), "\t") {
			return fmt.Errorf("line %d is indented with a tab: YAML takes spaces only", i+1)
		}
	}
	return err
}

// expand replaces aliases and merge keys by what they stand for: the keys of a mapping itself count, then those of the first
// mapping that is merged into it.
func expand(n *yaml.Node, left *int) (*yaml.Node, error) {
	if *left--; *left < 0 {
		return nil, fmt.Errorf("want at most %d values, aliases counted as what they stand for", maxNodes)
	}
	if n.Kind == yaml.AliasNode {
		return expand(n.Alias, left)
	}
	plain := &yaml.Node{Kind: n.Kind, Style: n.Style, Tag: n.Tag, Value: n.Value, Line: n.Line}
	var merged []*yaml.Node
	for i, child := range n.Content {
		isValue := n.Kind == yaml.MappingNode && i%2 == 1
		if n.Kind == yaml.MappingNode && isMerge(n.Content[i-i%2]) {
			if isValue {
				merged = append(merged, mappings(child)...)
			}
			continue
		}
		c, err := expand(child, left)
		if err != nil {
			return nil, err
		}
		plain.Content = append(plain.Content, c)
	}
	return plain, merge(plain, merged, left)
}

func isMerge(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && key.Value == mergeKey && key.Style == 0
}

// mappings are those that a merge key names: one, or a list.
func mappings(n *yaml.Node) []*yaml.Node {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind == yaml.SequenceNode {
		return n.Content
	}
	return []*yaml.Node{n}
}

func merge(into *yaml.Node, from []*yaml.Node, left *int) error {
	has := make(map[string]bool)
	for i := 0; len(from) > 0 && i < len(into.Content); i += 2 {
		has[into.Content[i].Value] = true
	}
	for _, n := range from {
		m, err := expand(n, left)
		if err != nil {
			return err
		}
		if m.Kind != yaml.MappingNode {
			return fmt.Errorf("line %d: %s takes a mapping, or a list of them", n.Line, mergeKey)
		}
		for i := 0; i+1 < len(m.Content); i += 2 {
			if key := m.Content[i].Value; !has[key] {
				has[key] = true
				into.Content = append(into.Content, m.Content[i], m.Content[i+1])
			}
		}
	}
	return nil
}
