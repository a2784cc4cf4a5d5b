package event

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode"
)

const (
	reservedPrefix = "OTTO_"
	metadataPrefix = "OTTO_META_"
	allMetadata    = "OTTO_METADATA"
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
	own := e.ownMetadata()
	for _, k := range slices.Sorted(maps.Keys(own)) {
		if name := MetadataVariable(k); name != "" {
			all = append(all, Variable{name, own[k]})
		}
	}
	if len(own) > 0 {
		all = append(all, Variable{allMetadata, encodeMetadata(own)})
	}
	return all
}

// ownMetadata is the metadata without fields that have a meaning and are kept there.
func (e *Event) ownMetadata() map[string]string {
	own := maps.Clone(e.Metadata)
	maps.DeleteFunc(own, func(k, _ string) bool { return IsField(k) && !IsAdded(k) })
	return own
}

// encodeMetadata is one JSON object, its names sorted.
func encodeMetadata(own map[string]string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(own); err != nil {
		panic("a map of strings does not encode: " + err.Error()) // a bug: it always does
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// ReservedVariable reports whether a name is ours: a template may not set it.
func ReservedVariable(name string) bool {
	return strings.HasPrefix(name, reservedPrefix) ||
		slices.ContainsFunc(table, func(f Field) bool { return f.Variable == name && name != "" })
}

// MetadataVariable is the environment variable a metadata field arrives in: upper case, and `_` for whatever no shell
// allows in a name. Names in other scripts than ASCII have none, as all of one length would meet: they are in OTTO_METADATA.
func MetadataVariable(key string) string {
	if strings.ContainsFunc(key, func(r rune) bool { return r > unicode.MaxASCII }) {
		return ""
	}
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
