package worker

import (
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/event/eventtest"
)

func TestRefusedTemplateIsParked(t *testing.T) {
	m := modelWithPods(t, "3", "refused")
	if len(m.creates) != 0 {
		t.Fatal("a parked template is probed at once")
	}
	m.advanceTime(5 * time.Second)
	if len(m.creates) != 1 {
		t.Fatalf("%d probes, want 1", len(m.creates))
	}
	other := Entry{ID: event.ID{Ms: 2000}, Fields: eventtest.Fields("template", "big", "pod_count", "1")}
	m.entries = append(m.entries, other)
	m.deliverNew(1)
	m.commit(9, false)
	if len(m.creates) != 2 || m.creates[1].Event.Template != "big" {
		t.Error("the other template is not started")
	}
	for range 400 {
		for len(m.creates) > 0 {
			fate := "refused"
			if m.creates[0].Event.Template == "big" {
				fate = ""
			}
			m.serveCreate(0, fate)
			m.deliverReply(0)
		}
		m.advanceTime(5 * time.Second)
	}
	for slot := 1; slot <= 3; slot++ {
		if got := m.outcome(slot); got.State != StateFailed || got.Reason != "Refused" {
			t.Errorf("slot %d: %+v, want failed (Refused)", slot, got)
		}
	}
	m.runToEnd()
	m.checkEnd()
}

func TestNameConflict(t *testing.T) {
	m := modelWith(t, eventtest.Fields("pod_count", "1"))
	m.takenNames[m.set.Names.Worker(event.ID{Ms: 1000}, 1)] = true
	m.deliverNew(1)
	m.commit(1, false)
	for i := 0; i < 1000 && !m.outcome(1).State.IsOutcome(); i++ {
		for len(m.creates) > 0 {
			m.serveCreate(0, "")
			m.deliverReply(0)
		}
		m.advanceTime(5 * time.Second)
	}
	if got := m.outcome(1); got.State != StateFailed || got.Reason != "NameTaken" {
		t.Errorf("outcome %+v, want failed (NameTaken)", got)
	}
	if len(m.removes) != 0 {
		t.Error("another owner's Pod is deleted")
	}
}
