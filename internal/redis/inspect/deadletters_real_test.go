//go:build real

package inspect

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// rejectTwo writes two dead letters and returns them, newest first: one with the whole entry, and one without.
func rejectTwo(t *testing.T, p *redistest.Fixture) (whole, part DeadLetter) {
	t.Helper()
	at := time.UnixMilli(5).UTC()
	huge := map[string]string{"type": "scale_up", "x": strings.Repeat("x", redis.MaxDeadLetterBytes)}
	small := map[string]string{"type": "scale_up", "pod_count": "zero"}
	commit(t, begun(t, p),
		worker.Reject{ID: event.ID{Ms: 5}, Fields: huge, Code: "invalid_metadata", Reason: "too much", At: at},
		worker.Reject{ID: event.ID{Ms: 6}, Fields: small, Code: "invalid_pod_count", Reason: "no number", At: at})
	letters, err := newReader(p).DeadLetters(t.Context(), 10)
	if err != nil || len(letters) != 2 {
		t.Fatalf("%+v, %v", letters, err)
	}
	return letters[0], letters[1]
}

func TestDeadLetters(t *testing.T) {
	p := redistest.Real(t)
	whole, part := rejectTwo(t, p)
	if whole.Original != "6-0" || whole.Code != "invalid_pod_count" || whole.Omitted != "" || part.Omitted != "1" {
		t.Errorf("%+v\n%+v", whole, part)
	}
	if l, err := newReader(p).DeadLetterOf(t.Context(), event.ID{Ms: 5}); err != nil || l == nil || l.ID != part.ID {
		t.Errorf("the dead letter of an entry: %+v, %v", l, err)
	}
}

func correct(f map[string]string) error { f["pod_count"] = "3"; return nil }

func TestRedriveRefused(t *testing.T) {
	p := redistest.Real(t)
	whole, part := rejectTwo(t, p)
	refusal := errors.New("not corrected")
	for name, c := range map[string]struct {
		id     string
		change func(map[string]string) error
		want   string
	}{
		"not whole":     {part.ID, correct, ErrNotWhole.Error()},
		"missing":       {"1-1", correct, "no dead letter"},
		"not corrected": {whole.ID, func(map[string]string) error { return refusal }, refusal.Error()},
	} {
		if _, err := newReader(p).Redrive(t.Context(), c.id, c.change); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := p.Raw.XLen(t.Context(), stream).Val(); n != 0 {
		t.Errorf("%d entries were sent nevertheless", n)
	}
}

// TestRedrive: a dead letter is sent again once, whole and corrected.
func TestRedrive(t *testing.T) {
	p := redistest.Real(t)
	r := newReader(p)
	letter, _ := rejectTwo(t, p)
	id, err := r.Redrive(t.Context(), letter.ID, correct)
	if err != nil {
		t.Fatal(err)
	}
	e, err := r.Entry(t.Context(), id)
	if err != nil || e == nil {
		t.Fatal(e, err)
	}
	if diff := cmp.Diff(map[string]string{"type": "scale_up", "pod_count": "3"}, e.Fields); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if _, err := r.Redrive(t.Context(), letter.ID, correct); err == nil {
		t.Error("it was sent twice")
	}
}
