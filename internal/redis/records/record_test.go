package records

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// genEvent draws entries and decodes them by the stream's rules.
func genEvent(t *rapid.T) event.Event {
	fields := map[string]string{"type": rapid.SampledFrom([]string{"scale_up", "scale_down", "cancel"}).Draw(t, "type")}
	if fields["type"] != "cancel" {
		fields["pod_count"] = fmt.Sprint(rapid.IntRange(1, 50).Draw(t, "pod_count"))
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
	optional("queue", rapid.StringMatching(`[A-Za-z0-9._/-]{1,63}`))
	optional("priority", rapid.SampledFrom([]string{"low", "high"}))
	optional("max_parallel", rapid.SampledFrom([]string{"1", "2147483647"}))
	optional("start_deadline_seconds", rapid.SampledFrom([]string{"1", "600"}))
	optional("image", rapid.SampledFrom([]string{"busybox", "registry.example:5000/ci/go:1.26"}))
	optional("cpu", rapid.SampledFrom([]string{"0.5", "500m"}))
	optional("memory", rapid.SampledFrom([]string{"1", "1.5Gi"}))
	optional("event_id", rapid.SampledFrom([]string{"5-0", "18446744073709551615-1"}))
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
	for range rapid.IntRange(0, 5).Draw(t, "recorded slots") {
		slots[rapid.IntRange(0, n-1).Draw(t, "slot")] = genSlot(t)
	}
	return slots
}

func TestRecordRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := worker.Record{
			Event: genEvent(t), Seq: rapid.IntRange(0, 9).Draw(t, "seq"), Settled: rapid.Bool().Draw(t, "settled"), Rebuilt: rapid.Bool().Draw(t, "rebuilt"),
		}
		if want.Event.Type == event.ScaleDown {
			want.Victims = genVictims(t, &want.Event)
		} else if want.Event.PodCount > 0 {
			want.Slots = genSlots(t, want.Event.PodCount)
		}
		want.AcceptedAt = time.UnixMilli(rapid.Int64Range(0, maxStamp).Draw(t, "accepted at")).UTC()
		hash := asHash(encodeRecord(&want, "h", time.Now()))
		got, err := decodeRecord(want.Event.EventID, "key", hash)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Fatalf("%v\n%s", err, diff)
		}
	})
}

// TestRecordOfOtherReleases: an earlier release takes fields that it does not know for metadata, and so they are recorded. What
// was metadata to it, and breaks a field's rule, is still that.
func TestRecordOfOtherReleases(t *testing.T) {
	id, plain := event.ID{Ms: 5}, []string{"type", "pod_count", "timestamp", "hash", "accepted_at", "settled"}
	for name, recorded := range map[string]map[string]string{
		"ours":  {"m:queue": "web", "m:priority": "low", "m:max_parallel": "2", "m:image": "busybox", "m:branch": "main"},
		"older": {"m:queue": "a b", "m:priority": "very high", "m:max_parallel": "all", "m:cpu": "fast", "m:event_id": "build 7"},
	} {
		fields := map[string]string{"type": "scale_up", "pod_count": "2"}
		maps.Copy(fields, recorded)
		r, err := decodeRecord(id, "key", fields)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		again := asHash(encodeRecord(&r, "h", time.UnixMilli(5)))
		for _, field := range plain {
			delete(again, field)
		}
		if diff := cmp.Diff(recorded, again); diff != "" {
			t.Errorf("%s (-read +written):\n%s", name, diff)
		}
	}
}

// TestFormerBaggage: an earlier release recorded it as metadata.
func TestFormerBaggage(t *testing.T) {
	r, err := decodeRecord(event.ID{Ms: 5}, "key", map[string]string{"type": "scale_up", "pod_count": "2", "m:baggage": "user=kim"})
	if err != nil || r.Event.Baggage != "user=kim" || len(r.Event.Metadata) > 0 {
		t.Errorf("%+v, %v", r.Event, err)
	}
}

func TestDecodeRecordIsStrict(t *testing.T) {
	cases := map[string]struct{ field, value, wantField string }{
		"type missing":           {"type", "", ""},
		"type wrong":             {"type", "scale_sideways", ""},
		"pod_count huge":         {"pod_count", "1000000000", ""},
		"pod_count negative":     {"pod_count", "-1", ""},
		"empty field name":       {"", "1", ""},
		"slot 0":                 {"s0", "1 created u - - - 1", "s0"},
		"slot past pod_count":    {"s4", "1 created u - - - 1", "s4"},
		"slot in other spelling": {"s01", "1 created u - - - 1", "s01"},
		"seq negative":           {"seq", "-1", "seq"},
		"seq no number":          {"seq", "first", "seq"},
		"outcomes while open":    {"outcomes", "s*3", "outcomes"},
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
		"accepted at no time":    {"accepted_at", "today", "accepted_at"},
		"a later field by name":  {"queue", "web", "queue"},
		"victims of a scale_up":  {"victims", "4-0/1", "victims"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			fields := map[string]string{"type": "scale_up", "pod_count": "3", "hash": "h"}
			fields[c.field] = c.value
			_, err := decodeRecord(event.ID{Ms: 5}, "the key", fields)
			var unreadable *redis.RecordError
			if !errors.As(err, &unreadable) || unreadable.Key != "the key" || unreadable.Field != c.wantField {
				t.Errorf("error %v, want one about field %q", err, c.wantField)
			}
		})
	}
}

func FuzzDecodeRecord(f *testing.F) {
	f.Add([]byte("type\x00scale_up\x00pod_count\x003\x00s1\x001 created u node - - 1756659802903\x00m:k\x00v\x00task_id\x00t"))
	f.Add([]byte("type\x00scale_down\x00pod_count\x00100000\x00closed\x002026-11-22T10:00:00.000Z\x00n_lost\x001"))
	f.Add([]byte("type\x00scale_up\x00pod_count\x003\x00m:queue\x00a b\x00m:cpu\x001\x00m:event_id\x005-0\x00accepted_at\x002026-11-22T10:00:00.000Z"))
	f.Add([]byte("type\x00scale_up\x00pod_count\x009\x00closed\x002026-11-22T10:00:00.000Z\x00outcomes\x00s*5 f:1:Error#2 c::ScaledDown#0*2 l\x00seq\x007"))
	f.Add([]byte("type\x00cancel\x00m:event_id\x005-0"))
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
			if _, ok := errors.AsType[*redis.RecordError](err); !ok {
				t.Fatalf("%v is no RecordError", err)
			}
			return
		}
		if !r.Closed {
			r.Counts = worker.Counts{} // of a scale_up they are kept once it is closed
		}
		if r.AcceptedAt.IsZero() { // a record that is written has one
			r.AcceptedAt = time.UnixMilli(5).UTC()
		}
		r2, err := decodeRecord(id, "key", asHash(encodeRecord(&r, "h", time.Now())))
		if diff := cmp.Diff(r, r2, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Fatalf("second reading: %v\n%s", err, diff)
		}
	})
}
