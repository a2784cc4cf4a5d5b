package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/ottoscaler/ottoscaler/internal/text"
)

// node is a value in a YAML file with its path there. What is wrong with it is added to the errors of the file, so that all of
// them are reported at once.
type node struct {
	path    string
	value   any // nil: it is not there
	invalid *[]error
}

// parseDocument returns the root of the only document in data.
func parseDocument(data []byte) (node, error) {
	body := strings.TrimPrefix(strings.TrimSpace(string(data)), "---")
	if strings.Contains(body, "\n---") { // the library would read the first document and ignore the rest
		return node{}, errors.New("got a second document after `---`, takes one")
	}
	asJSON, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		return node{}, fmt.Errorf("got no YAML: %s", text.Line(err.Error(), maxYAMLError))
	}
	decoder := json.NewDecoder(bytes.NewReader(asJSON))
	decoder.UseNumber()
	root := node{invalid: new([]error)}
	if err := decoder.Decode(&root.value); err != nil && !errors.Is(err, io.EOF) {
		return node{}, fmt.Errorf("got no YAML: %w", err)
	}
	return root, nil
}

// errors are all that were found so far.
func (n node) errors() error { return errors.Join(*n.invalid...) }

// reject says what the value is and what it takes.
func (n node) reject(takes string) {
	got := "nothing"
	if n.value != nil {
		b, err := json.Marshal(n.value)
		if err != nil {
			b = fmt.Append(nil, n.value)
		}
		got = quotable(string(b))
	}
	path := n.path
	if path == "" {
		path = "the file"
	}
	*n.invalid = append(*n.invalid, fmt.Errorf("%s: got %s, takes %s", path, got, takes))
}

// object returns how to read its fields. Any other field than those known is wrong.
func (n node) object(known ...string) func(name string) node {
	fields, ok := n.value.(map[string]any)
	if !ok && n.value != nil {
		n.reject("the fields " + strings.Join(known, ", "))
	}
	for _, name := range sortedKeys(fields) {
		if !slices.Contains(known, name) {
			n.child(name, nil).unknown(known)
		}
	}
	return func(name string) node { return n.child(name, fields[name]) }
}

func (n node) unknown(known []string) {
	*n.invalid = append(*n.invalid, fmt.Errorf("%s: got an unknown field, takes %s", n.path, strings.Join(known, ", ")))
}

func (n node) child(name string, value any) node {
	path := name
	if n.path != "" {
		path = n.path + "." + name
	}
	return node{quotable(path), value, n.invalid}
}

// items are those of a list.
func (n node) items() []node {
	list, ok := n.value.([]any)
	if !ok && n.value != nil {
		n.reject("a list")
	}
	all := make([]node, 0, len(list))
	for i, value := range list {
		all = append(all, node{fmt.Sprintf("%s[%d]", n.path, i), value, n.invalid})
	}
	return all
}

// entries are those of an object whose field names are free, sorted.
func (n node) entries(takes string) map[string]node {
	fields, ok := n.value.(map[string]any)
	if !ok && n.value != nil {
		n.reject(takes)
	}
	all := make(map[string]node, len(fields))
	for _, name := range sortedKeys(fields) {
		all[name] = n.child(name, fields[name])
	}
	return all
}

// number is otherwise if the value is not there.
func (n node) number(least, most, otherwise int64) int64 {
	if n.value == nil {
		return otherwise
	}
	number, ok := n.value.(json.Number)
	v, err := number.Float64() // Helm spells a million 1e+06
	if !ok || err != nil || v != math.Trunc(v) || v < float64(least) || v > float64(most) {
		n.reject(fmt.Sprintf("a number from %d to %d", least, most))
		return otherwise
	}
	return int64(v)
}

// text is otherwise if the value is not there. A number is no text: YAML makes 7 of the name 007.
func (n node) text(r rule, otherwise string) string {
	if n.value == nil {
		return otherwise
	}
	v, ok := n.value.(string)
	if !ok || !r.valid(v) {
		n.reject(r.takes)
		return otherwise
	}
	return v
}

// quantity may be written as a number too; it is empty if the value is not there.
func (n node) quantity(r rule) string {
	if number, ok := n.value.(json.Number); ok {
		n.value = number.String()
	}
	return n.text(r, "")
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
