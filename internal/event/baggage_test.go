package event

import "testing"

// TestFormerBaggage: a client sends an entry again after an upgrade, and the record is of a build that took baggage for metadata.
func TestFormerBaggage(t *testing.T) {
	e := Event{Type: ScaleUp, PodCount: 1, Baggage: "user=kim"}
	former := Event{Type: ScaleUp, PodCount: 1, Metadata: map[string]string{FieldBaggage: "user=kim"}}
	other := Event{Type: ScaleUp, PodCount: 1, Metadata: map[string]string{FieldBaggage: "user=lee"}}
	if !e.SameAs(e.Hash()) || !e.SameAs(former.Hash()) || e.SameAs(other.Hash()) {
		t.Error("not the same as what it was recorded as")
	}
}
