package event

import (
	"maps"
	"slices"
	"strings"
)

const (
	reservedPrefix = "OTTO_"
	metadataPrefix = "OTTO_META_"
)

// Variable is one environment variable of a worker, with the value exactly as the producer sent it.
type Variable struct{ Name, Value string }

// Variables are what every worker of the event learns of it: one for each field that has a variable, then one for each
// metadata field, in a fixed order.
func (e *Event) Variables() []Variable {
	var all []Variable
	for i := range table {
		f := &table[i]
		if f.Variable == "" {
			continue
		}
		value := e.Metadata[f.Name]
		if f.encode != nil {
			value = f.encode(e)
		}
		if f.Always || value != "" {
			all = append(all, Variable{f.Variable, value})
		}
	}
	for _, k := range slices.Sorted(maps.Keys(e.Metadata)) {
		if !IsField(k) || IsAdded(k) {
			all = append(all, Variable{MetadataVariable(k), e.Metadata[k]})
		}
	}
	return all
}

// ReservedVariable reports whether a name is ours: a template may not set it.
func ReservedVariable(name string) bool {
	return strings.HasPrefix(name, reservedPrefix) ||
		slices.ContainsFunc(table, func(f Field) bool { return f.Variable == name && name != "" })
}

// MetadataVariable is the environment variable a metadata field arrives in: upper case, and `_` for whatever no shell
// allows in a name.
func MetadataVariable(key string) string {
	return metadataPrefix + strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			return r
		}
		return '_'
	}, key)
}
