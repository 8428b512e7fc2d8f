package worker

import (
	"math/rand/v2"

	"initiator/internal/bounds"
	"initiator/internal/webhook"
)

// heartbeatRoom is the largest sum of progress and output in one heartbeat, in
// bytes of JSON. A heartbeat that is too large for the master would be refused, and the
// worker would lose it.
const heartbeatRoom = bounds.HeartbeatReports

// runningTasks lists the tasks in slots, beginning with a random slot. It
// takes no lock. When there is no room for the progress and output of every
// task, the last tasks of the list are without; another heartbeat begins with
// another slot.
func (e *executor) runningTasks() []webhook.RunningTask {
	list := []webhook.RunningTask{}
	room, first := heartbeatRoom, rand.N(len(e.slots))
	for i := range e.slots {
		run := e.slots[(first+i)%len(e.slots)].Load()
		if run == nil {
			continue
		}
		s := run.runningSnapshot()
		if s.Output != nil {
			room -= jsonTextLength(s.Output.Text)
		}
		if room -= len(s.Progress); room < 0 {
			s.Progress, s.Output = nil, nil
		}
		list = append(list, s)
	}
	return list
}

// jsonTextLength returns the number of bytes that a text takes at most in JSON
// as encoding/json writes it.
func jsonTextLength(text string) (n int) {
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ', c == '"', c == '\\', c == '<', c == '>', c == '&', c == 0x7f:
			n += 6
		case c == 0xe2: // may begin U+2028, which takes six bytes instead of three
			n += 4
		default:
			n++
		}
	}
	return n
}

// countRunning returns the number of tasks in slots.
func (e *executor) countRunning() (n int) {
	for i := range e.slots {
		if e.slots[i].Load() != nil {
			n++
		}
	}
	return n
}
