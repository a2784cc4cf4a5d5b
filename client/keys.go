package client

import "strings"

// keys are the names of the keys beside one stream.
type keys struct{ stream, prefix string }

// newKeys: the stream's name is the hash tag of the others, so that all share one slot. A name that has a hash tag already is only
// suffixed.
func newKeys(stream string) keys {
	_, rest, opened := strings.Cut(stream, "{")
	tag, _, closed := strings.Cut(rest, "}")
	if opened && closed && tag != "" {
		return keys{stream, stream + ":"}
	}
	return keys{stream, "{" + stream + "}:"}
}

func (k keys) status() string                { return k.prefix + "status" }
func (k keys) dead() string                  { return k.prefix + "dead" }
func (k keys) mark() string                  { return k.prefix + "mark" }
func (k keys) event(id string) string        { return k.prefix + "event:" + id }
func (k keys) idempotency(key string) string { return k.prefix + "key:" + key }
