package initiator

import (
	"initiator/initiator/task"
	"initiator/initiator/task/store"
)

// openQueue reads the tasks back that are kept in the state directory, or
// makes a queue that keeps none.
func (in *Initiator) openQueue(dir string) (task.Queue, error) {
	if in.volatile {
		return task.NewMemory(task.Retention{}), nil
	}
	s := in.Plan().Settings.Sync
	return task.Open(dir, task.Options{Sync: store.Sync{Off: s.Off, Every: s.Every}, Logger: in.log.Named("tasks")})
}
