package queue

import (
	"encoding/binary"
	"maps"
	"slices"
	"strings"
)

// nameSets are the sets of field names of packed events: most events have one of a few, which is kept once. A set that no
// event has any more is forgotten: names are the producers'.
type nameSets struct {
	byKey map[string]uint32
	sets  []nameSet
	free  []uint32
}

type nameSet struct {
	key   string
	names []string // sorted
	users int
}

func newNameSets() nameSets { return nameSets{byKey: make(map[string]uint32)} }

// pack makes one string of fields: the number of their names' set, then each value after its length. It is never empty.
func (n *nameSets) pack(fields map[string]string) string {
	names := slices.Sorted(maps.Keys(fields))
	b := binary.AppendUvarint(nil, uint64(n.use(names)))
	for _, name := range names {
		b = binary.AppendUvarint(b, uint64(len(fields[name])))
		b = append(b, fields[name]...)
	}
	return string(b)
}

// unpack is the inverse of pack.
func (n *nameSets) unpack(packed string) map[string]string {
	set, rest := uvarint(packed)
	names := n.sets[set].names
	fields := make(map[string]string, len(names))
	for _, name := range names {
		fields[name], rest = value(rest)
	}
	return fields
}

// field is the value of one field, without unpacking the others; empty: it has none.
func (n *nameSets) field(packed, name string) string {
	set, rest := uvarint(packed)
	for _, other := range n.sets[set].names {
		var v string
		if v, rest = value(rest); other == name {
			return v
		}
	}
	return ""
}

// drop says that a packed event is no more.
func (n *nameSets) drop(packed string) {
	i, _ := uvarint(packed)
	set := &n.sets[i]
	if set.users--; set.users == 0 {
		delete(n.byKey, set.key)
		*set = nameSet{}
		n.free = append(n.free, uint32(i))
	}
}

// use counts an event with these names.
func (n *nameSets) use(names []string) uint32 {
	key := setKey(names)
	i, ok := n.byKey[key]
	if !ok {
		i = n.add(nameSet{key: key, names: names})
	}
	n.sets[i].users++
	return i
}

func (n *nameSets) add(set nameSet) uint32 {
	i := uint32(len(n.sets))
	if last := len(n.free) - 1; last >= 0 {
		i = n.free[last]
		n.free = n.free[:last]
	} else {
		n.sets = append(n.sets, nameSet{})
	}
	n.sets[i] = set
	n.byKey[set.key] = i
	return i
}

// setKey tells sets apart, whatever bytes their names have.
func setKey(names []string) string {
	var b strings.Builder
	for _, name := range names {
		b.Write(binary.AppendUvarint(nil, uint64(len(name))))
		b.WriteString(name)
	}
	return b.String()
}

func value(packed string) (v, rest string) {
	n, rest := uvarint(packed)
	return rest[:n], rest[n:]
}

// uvarint reads what binary.AppendUvarint wrote, from a string.
func uvarint(s string) (v uint64, rest string) {
	for i := 0; ; i++ {
		v |= uint64(s[i]&0x7f) << (7 * i)
		if s[i] < 0x80 {
			return v, s[i+1:]
		}
	}
}
