package redis

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// asHash is what HGETALL gives back of what HSET got.
func asHash(fields []any) map[string]string {
	hash := make(map[string]string)
	for i := 0; i < len(fields); i += 2 {
		hash[fmt.Sprint(fields[i])] = fmt.Sprint(fields[i+1])
	}
	return hash
}

func genSlot(t *rapid.T) worker.SlotRecord {
	text := func(limit int) *rapid.Generator[string] {
		return rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, limit), func(b []byte) string { return string(b) })
	}
	s := worker.SlotRecord{
		Attempt: rapid.IntRange(1, maxAttempt).Draw(t, "attempt"),
		State:   rapid.SampledFrom([]worker.State{"created", "running", "retrying", "succeeded", "failed", "cancelled", "lost"}).Draw(t, "state"),
		UID:     text(maxUID).Draw(t, "uid"),
		Node:    text(maxNode).Draw(t, "node"),
		Reason:  rapid.OneOf(rapid.Just("-"), text(maxReason)).Draw(t, "reason"),
		At:      time.UnixMilli(rapid.Int64Range(0, maxStamp).Draw(t, "at")).UTC(),
	}
	if rapid.Bool().Draw(t, "ended") {
		s.ExitCode = new(rapid.IntRange(-1, 255).Draw(t, "exit code"))
	}
	return s
}

func TestSlotRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := genSlot(t)
		got, err := decodeSlot(encodeSlot(want))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Fatalf("%q: %v\n%s", encodeSlot(want), err, diff)
		}
	})
}

func TestSlotPartsAreBounded(t *testing.T) {
	long := strings.Repeat("é ", 5000)
	encoded := encodeSlot(worker.SlotRecord{Attempt: 1, State: "failed", UID: long, Node: long, Reason: long})
	if len(encoded) > 3*(maxUID+maxNode+maxReason)+64 {
		t.Errorf("a slot of %d bytes", len(encoded))
	}
	if _, err := decodeSlot(encoded); err != nil {
		t.Error(err)
	}
}

func TestSlotIsReadable(t *testing.T) {
	at := time.UnixMilli(1756659802903)
	cases := map[string]worker.SlotRecord{
		"1 created u-1 - - - 1756659802903":             {Attempt: 1, State: "created", UID: "u-1", At: at},
		"2 failed u-1 node-1 OOMKilled 137 -":           {Attempt: 2, State: "failed", UID: "u-1", Node: "node-1", Reason: "OOMKilled", ExitCode: new(137)},
		"1 lost %2D - a%20b%25 - 1756659802903":         {Attempt: 1, State: "lost", UID: "-", Reason: "a b%", At: at},
		"1 succeeded - %00%0A%FF Completed 0 " + "1000": {Attempt: 1, State: "succeeded", Node: "\x00\n\xff", Reason: "Completed", ExitCode: new(0), At: time.UnixMilli(1000)},
	}
	for want, slot := range cases {
		if got := encodeSlot(slot); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// genEvent draws entries and keeps what the stream's rules make of them.
func genEvent(t *rapid.T) event.Event {
	fields := map[string]string{
		"type":      rapid.SampledFrom([]string{"scale_up", "scale_down"}).Draw(t, "type"),
		"pod_count": fmt.Sprint(rapid.IntRange(1, 50).Draw(t, "pod_count")),
	}
	optional := func(name string, values *rapid.Generator[string]) {
		if rapid.Bool().Draw(t, "has "+name) {
			fields[name] = values.Draw(t, name)
		}
	}
	optional("task_id", rapid.StringMatching(`[ -~가-힣]{0,40}`))
	optional("timestamp", rapid.SampledFrom([]string{"0", "1756659802", "2025-08-31T17:03:22.903000001+09:00", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z"}))
	optional("idempotency_key", rapid.StringMatching(`[ -~]{1,128}`))
	optional("template", rapid.StringMatching(`[a-z]{1,9}`))
	optional("deadline_seconds", rapid.SampledFrom([]string{"1", "600"}))
	optional("traceparent", rapid.Just("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
	optional("tracestate", rapid.Just("vendor=value"))
	for i := range rapid.IntRange(0, 16).Draw(t, "metadata") {
		key := rapid.SampledFrom([]string{"s1", "hash", "m:type", "closed", "n_lost", "LD_PRELOAD", "한글", "key"}).Draw(t, "key")
		fields[key+fmt.Sprint(i)] = rapid.StringN(0, 20, 100).Draw(t, "value")
	}
	id := event.ID{Ms: rapid.Uint64Range(1, math.MaxUint64).Draw(t, "ms"), Seq: rapid.Uint64().Draw(t, "seq")}
	rules := event.Rules{MaxPods: 50, Deadlines: map[string]time.Duration{"": 0, fields["template"]: 0}}
	e, rejection := event.Decode(id, fields, rules)
	if rejection != nil {
		t.Skip(rejection.Reason)
	}
	return e
}

func genSlots(t *rapid.T, n int) []worker.SlotRecord {
	slots := make([]worker.SlotRecord, n)
	for range rapid.IntRange(0, 5).Draw(t, "marks") {
		slots[rapid.IntRange(0, n-1).Draw(t, "slot")] = genSlot(t)
	}
	return slots
}

func genVictims(t *rapid.T, of *event.Event) []worker.Victim {
	earlier := rapid.Custom(func(t *rapid.T) worker.Victim {
		id := event.ID{Ms: rapid.Uint64Range(0, of.EventID.Ms).Draw(t, "ms"), Seq: rapid.Uint64().Draw(t, "seq")}
		return worker.Victim{Event: id, Slot: rapid.IntRange(1, maxSlots).Draw(t, "slot")}
	})
	return rapid.SliceOfNDistinct(earlier, 0, of.PodCount, rapid.ID).Filter(func(all []worker.Victim) bool {
		return !slices.ContainsFunc(all, func(v worker.Victim) bool { return v.Event.IsZero() || v.Event.Compare(of.EventID) >= 0 })
	}).Draw(t, "victims")
}

func TestRecordRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := worker.Record{Event: genEvent(t), Settled: rapid.Bool().Draw(t, "settled")}
		if want.Event.Type == event.ScaleDown {
			want.Victims = genVictims(t, &want.Event)
		} else {
			want.Slots = genSlots(t, want.Event.PodCount)
		}
		hash := asHash(encodeRecord(&want, "h", time.Now()))
		got, err := decodeRecord(want.Event.EventID, "key", hash)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Fatalf("%v\n%s", err, diff)
		}
	})
}

func TestDecodeRecordIsStrict(t *testing.T) {
	cases := map[string]struct{ field, value, wantField string }{
		"type missing":           {"type", "", ""},
		"type wrong":             {"type", "scale_sideways", ""},
		"pod_count huge":         {"pod_count", "1000000000", ""},
		"pod_count negative":     {"pod_count", "-1", ""},
		"unknown field":          {"surprise", "1", "surprise"},
		"empty field name":       {"", "1", ""},
		"slot 0":                 {"s0", "1 created u - - - 1", "s0"},
		"slot past pod_count":    {"s4", "1 created u - - - 1", "s4"},
		"slot in other spelling": {"s01", "1 created u - - - 1", "s01"},
		"slot not a number":      {"sx", "1 created u - - - 1", "sx"},
		"slot empty":             {"s1", "", "s1"},
		"slot with six parts":    {"s1", "1 created u - - -", "s1"},
		"attempt 0":              {"s1", "0 created u - - - 1", "s1"},
		"attempt huge":           {"s1", "99999999999 created u - - - 1", "s1"},
		"state unknown":          {"s1", "1 dancing u - - - 1", "s1"},
		"bad escape":             {"s1", "1 created %zz - - - 1", "s1"},
		"escape not needed":      {"s1", "1 created %41 - - - 1", "s1"},
		"uid too long":           {"s1", "1 created " + strings.Repeat("u", 129) + " - - - 1", "s1"},
		"exit code no number":    {"s1", "1 failed u - - x 1", "s1"},
		"exit code with plus":    {"s1", "1 failed u - - +1 1", "s1"},
		"time negative":          {"s1", "1 created u - - - -5", "s1"},
		"time past 9999":         {"s1", "1 created u - - - 253402300800000", "s1"},
		"settled no time":        {"settled", "yes", "settled"},
		"closed in other layout": {"closed", "2026-11-22T10:00:00Z", "closed"},
		"count negative":         {"n_lost", "-1", "n_lost"},
		"count no number":        {"n_failed", "many", "n_failed"},
		"metadata takes a name":  {"m:pod_count", "1", "m:pod_count"},
		"metadata too long":      {"m:k", strings.Repeat("v", 1025), ""},
		"victims of a scale_up":  {"victims", "4-0/1", "victims"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			fields := map[string]string{"type": "scale_up", "pod_count": "3", "hash": "h"}
			fields[c.field] = c.value
			_, err := decodeRecord(event.ID{Ms: 5}, "the key", fields)
			var unreadable *RecordError
			if !errors.As(err, &unreadable) || unreadable.Key != "the key" || unreadable.Field != c.wantField {
				t.Errorf("error %v, want one about field %q", err, c.wantField)
			}
		})
	}
}

func TestDecodeVictimsIsStrict(t *testing.T) {
	cases := map[string]struct{ field, value, wantField string }{
		"no ID":            {"victims", "x/1", "victims"},
		"the zero ID":      {"victims", "0-0/1", "victims"},
		"other spelling":   {"victims", "04-0/1", "victims"},
		"no slot":          {"victims", "4-0", "victims"},
		"slot 0":           {"victims", "4-0/0", "victims"},
		"slot huge":        {"victims", "4-0/100001", "victims"},
		"slot with sign":   {"victims", "4-0/+1", "victims"},
		"one space":        {"victims", " ", "victims"},
		"space at the end": {"victims", "4-0/1 ", "victims"},
		"twice":            {"victims", "4-0/1 4-0/1", "victims"},
		"its own event":    {"victims", "5-0/1", "victims"},
		"a later event":    {"victims", "6-0/1", "victims"},
		"more than asked":  {"victims", "4-0/1 4-0/2 4-0/3 4-0/4", "victims"},
		"endless":          {"victims", strings.Repeat("4-0:1 ", 1<<20), "victims"},
		"a slot":           {"s1", "1 created u - - - 1", "s1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			fields := map[string]string{"type": "scale_down", "pod_count": "3", c.field: c.value}
			_, err := decodeRecord(event.ID{Ms: 5}, "the key", fields)
			var unreadable *RecordError
			if !errors.As(err, &unreadable) || unreadable.Field != c.wantField {
				t.Errorf("error %v, want one about field %q", err, c.wantField)
			}
		})
	}
}

func TestOwnerRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(0, 40, 100)
		want := owner{text.Draw(t, "group"), text.Draw(t, "namespace"), text.Draw(t, "instance"), text.Draw(t, "lease")}
		value, err := want.encode()
		if err != nil {
			return
		}
		if got, err := decodeOwner(value); err != nil || got != want {
			t.Fatalf("%q came back as %+v, %v", value, got, err)
		}
	})
}

func FuzzDecodeRecord(f *testing.F) {
	f.Add([]byte("type\x00scale_up\x00pod_count\x003\x00s1\x001 created u node - - 1756659802903\x00m:k\x00v\x00task_id\x00t"))
	f.Add([]byte("type\x00scale_down\x00pod_count\x00100000\x00closed\x002026-11-22T10:00:00.000Z\x00n_lost\x001"))
	f.Add([]byte("type\x00scale_up\x00pod_count\x001\x00s1\x002 failed %2D %20 - 137 -"))
	f.Add([]byte("type\x00scale_down\x00pod_count\x003\x00victims\x001756659802902-0:1 1756659802902-10:2\x00settled\x002026-11-22T10:00:00.000Z"))
	f.Fuzz(func(t *testing.T, data []byte) {
		parts := bytes.Split(data, []byte{0})
		fields := make(map[string]string)
		for i := 0; i+1 < len(parts); i += 2 {
			fields[string(parts[i])] = string(parts[i+1])
		}
		id := event.ID{Ms: 1756659802903}
		r, err := decodeRecord(id, "key", fields)
		if err != nil {
			if _, ok := errors.AsType[*RecordError](err); !ok {
				t.Fatalf("%v is no RecordError", err)
			}
			return
		}
		r.Closed, r.Counts = false, worker.Counts{} // only an open record is written whole
		r2, err := decodeRecord(id, "key", asHash(encodeRecord(&r, "h", time.Now())))
		if diff := cmp.Diff(r, r2, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Fatalf("second reading: %v\n%s", err, diff)
		}
	})
}
