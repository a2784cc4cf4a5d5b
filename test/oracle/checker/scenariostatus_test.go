package checker

import (
	"cmp"
	"slices"
	"strconv"
)

// completeStatus adds to each status entry what it lacks: the queue of its event, and its number.
func (s *scenario) completeStatus() {
	numbers := make(map[string]int)
	for i := range s.steps {
		for j, cmd := range s.steps[i].cmds {
			if len(cmd) < 2 || cmd[0] != "xadd" || cmd[1] != prefix+"status" {
				continue
			}
			_, fields, _ := parseXAdd(cmd)
			event := fields["event_id"]
			if _, sent := fields["queue"]; !sent {
				cmd = append(slices.Clone(cmd), "queue", cmp.Or(s.queues[event], "default"))
			}
			numbers[event]++
			if _, sent := fields["seq"]; !sent && event != "" {
				cmd = append(slices.Clone(cmd), "seq", strconv.Itoa(numbers[event]))
			}
			s.steps[i].cmds[j] = cmd
		}
	}
}

// endOf adds the entries of a step to the end state.
func endOf(st *step, end *endState) {
	ms := uint64(t0.UnixMilli() + int64(st.ms))
	for i, cmd := range st.cmds {
		switch {
		case cmd[0] == "hset" && cmd[1] == prefix+"pause":
			end.Paused = append(end.Paused, cmd[2])
			continue
		case cmd[0] == "hdel" && cmd[1] == prefix+"pause":
			end.Paused = slices.DeleteFunc(end.Paused, func(queue string) bool { return queue == cmd[2] })
			continue
		case cmd[0] != "xadd":
			continue
		}
		_, fields, _ := parseXAdd(cmd)
		en := entry{ID: id{ms, uint64(i)}, Fields: fields}
		switch cmd[1] {
		case src:
			en.ID.Seq = 0
			end.Stream = append(end.Stream, en)
		case prefix + "status":
			end.Status = append(end.Status, en)
		case prefix + "dead":
			end.Dead = append(end.Dead, en)
		}
	}
}
