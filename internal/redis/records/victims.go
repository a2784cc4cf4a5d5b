package records

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/text"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// encodeVictims is `<entry ID>/<slot>` of each victim in the order of selection, separated by spaces.
func encodeVictims(victims []worker.Victim) string {
	var b strings.Builder
	for i, v := range victims {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(v.Event.String() + "/" + strconv.Itoa(v.Slot))
	}
	return b.String()
}

// decodeVictims accepts exactly what encodeVictims writes of the victims of a scale_down: none twice, no more than were
// asked for, and all of earlier events.
func decodeVictims(value string, of *event.Event) ([]worker.Victim, error) {
	if value == "" {
		return nil, nil
	}
	if n := strings.Count(value, " ") + 1; n > of.PodCount {
		return nil, fmt.Errorf("%d victims, %d were asked for", n, of.PodCount)
	}
	var victims []worker.Victim
	seen := make(map[worker.Victim]bool)
	for part := range strings.SplitSeq(value, " ") {
		v, err := decodeVictim(part)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%q is not a victim: %w", text.Clip(part, maxQuoted), err)
		case v.Event.IsZero(), v.Event.Compare(of.EventID) >= 0:
			return nil, fmt.Errorf("%q is not of an earlier event", part)
		case seen[v]:
			return nil, fmt.Errorf("%q is listed twice", part)
		}
		seen[v] = true
		victims = append(victims, v)
	}
	return victims, nil
}

func decodeVictim(part string) (worker.Victim, error) {
	of, slot, _ := strings.Cut(part, "/")
	id, err := event.ParseID(of)
	if err != nil {
		return worker.Victim{}, err
	}
	n, ok := number(slot, maxSlots)
	if !ok || n == 0 {
		return worker.Victim{}, errors.New("want <entry ID>/<slot>")
	}
	return worker.Victim{Event: id, Slot: int(n)}, nil
}
