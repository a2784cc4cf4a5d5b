package event

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ottoscaler/ottoscaler/internal/text"
)

// The bounds of metadata.
const (
	maxMetaFields = 16
	maxMetaKey    = 64
	maxMetaValue  = 1 << 10
	maxMetaTotal  = 8 << 10
)

// metadata keeps every field without a meaning of its own. Added fields count in its bounds: an older release, which may have
// to read the record after a rollback, takes them for metadata. Sorted, so that the same entry is always rejected with the same
// words; the count comes first, so that ten thousand fields are not sorted.
func (d *decoder) metadata() *Rejection {
	if len(d.fields) > len(table)+maxMetaFields {
		return Reject(CodeMetadata, "%d fields: at most %d may be metadata", len(d.fields), maxMetaFields)
	}
	d.event.Metadata = make(map[string]string)
	for i := range table {
		if value, sent := d.fields[table[i].Name]; sent && table[i].Metadata {
			d.event.Metadata[table[i].Name] = value
		}
	}
	own := maps.Clone(d.fields)
	maps.DeleteFunc(own, func(name, _ string) bool { return IsField(name) && !IsAdded(name) })
	if r := checkMetadata(own); r != nil {
		return r
	}
	maps.DeleteFunc(own, func(name, _ string) bool { return IsField(name) && !slices.Contains(d.kept, name) })
	maps.Copy(d.event.Metadata, own)
	return nil
}

func checkMetadata(own map[string]string) *Rejection {
	total := 0
	variables := make(map[string]string)
	for _, k := range slices.Sorted(maps.Keys(own)) {
		total += len(k) + len(own[k])
		if r := checkMetadataField(k, own[k]); r != nil {
			return r
		}
		variable := MetadataVariable(k)
		if other, taken := variables[variable]; taken && variable != "" {
			return Reject(CodeMetadata, "the metadata keys %q and %q would both become %s", other, k, variable)
		}
		variables[variable] = k
	}
	if len(own) > maxMetaFields {
		return Reject(CodeMetadata, "%d metadata fields: at most %d", len(own), maxMetaFields)
	}
	if total > maxMetaTotal {
		return Reject(CodeMetadata, "the metadata has %d bytes, keys included: at most %d", total, maxMetaTotal)
	}
	return nil
}

func checkMetadataField(k, v string) *Rejection {
	switch {
	case k == "":
		return Reject(CodeMetadata, "a metadata key is empty")
	case len(k) > maxMetaKey:
		return Reject(CodeMetadata, "the metadata key %q has %d bytes: at most %d", text.Ellipsis(k, maxQuoted), len(k), maxMetaKey)
	case len(v) > maxMetaValue:
		return Reject(CodeMetadata, "the metadata field %q has %d bytes: at most %d", k, len(v), maxMetaValue)
	case !utf8.ValidString(k) || !utf8.ValidString(v):
		return Reject(CodeMetadata, "the metadata field %q is not valid UTF-8", k)
	case strings.ContainsRune(v, 0):
		return Reject(CodeMetadata, "the metadata field %q has a NUL byte, which no environment variable can hold", k)
	}
	return nil
}
