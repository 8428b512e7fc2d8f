package dispatch

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"initiator/internal/bounds"
	"initiator/internal/webhook"
)

// maxListed returns how many tasks a heartbeat of a worker may list.
func maxListed(slots int) int { return 2*max(slots, 1) + bounds.HeartbeatExtra }

// maxHeartbeatBytes returns the size of the largest heartbeat of a worker.
func maxHeartbeatBytes(slots int) int64 {
	slots = max(slots, 1)
	return int64(maxListed(slots))*bounds.HeartbeatTask + min(int64(slots)*bounds.HeartbeatTaskReport, bounds.HeartbeatReports)
}

// HeartbeatLimit returns the size of the largest heartbeat that is read in a
// session, in bytes. It follows from the slots of the worker's definition.
// Without a session it is the limit for one slot.
func (d *Dispatcher) HeartbeatLimit(token string) int64 {
	slots := 1
	if found, ok := d.sessions.Load(token); ok {
		slots = found.(*workerSession).slots
	}
	return maxHeartbeatBytes(slots)
}

// ListedTasksError says that a heartbeat lists more tasks than the worker can
// run.
type ListedTasksError struct {
	Listed int // the number of tasks in the heartbeat
	Max    int // how many are accepted
	Slots  int // of the worker's definition
}

// Error names the numbers.
func (e *ListedTasksError) Error() string {
	return fmt.Sprintf("the heartbeat lists %d tasks; at most %d are accepted from a worker with slots = %d, so list the tasks that run and no other", e.Listed, e.Max, e.Slots)
}

// WarnOfHeartbeat logs that a heartbeat is refused, once in each session: a
// worker repeats what it does wrong with every heartbeat.
func (d *Dispatcher) WarnOfHeartbeat(token, reason string) {
	if found, ok := d.sessions.Load(token); ok {
		d.warnOfHeartbeat(found.(*workerSession), reason)
	}
}

func (d *Dispatcher) warnOfHeartbeat(s *workerSession, reason string) {
	if !s.warned.Swap(true) {
		d.log.Warn("the heartbeats of a worker are refused; without heartbeats it will be restarted", d.aboutWorker(s.workerID, "reason", reason)...)
	}
}

// listedTask is a task that a heartbeat lists.
type listedTask struct {
	id   uuid.UUID
	said webhook.RunningTask
}

// newHeartbeat converts a heartbeat that arrives now. A nil body is from a
// legacy worker. It runs in the goroutine that received the heartbeat, so that
// the loop parses no ids. Entries without the id of a task, such as direct
// calls, are left out. Error: *ListedTasksError.
func newHeartbeat(body *webhook.HeartbeatBody, slots int) (*heartbeat, error) {
	b := &heartbeat{at: time.Now(), legacy: body == nil}
	if body == nil {
		return b, nil
	}
	if n := len(body.Running); n > maxListed(slots) {
		return nil, &ListedTasksError{Listed: n, Max: maxListed(slots), Slots: slots}
	}
	b.rss = body.RSS
	if len(body.Running) > 0 {
		b.running = make([]listedTask, 0, len(body.Running))
	}
	for _, said := range body.Running {
		if id, err := uuid.Parse(said.ID); err == nil {
			b.running = append(b.running, listedTask{id, said})
		}
	}
	return b, nil
}
