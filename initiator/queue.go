package initiator

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"initiator/internal/queue"
	"initiator/internal/queue/store"
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

// OpenTasks gives the tasks of a state directory to do, where no initiator uses
// it: its lock is held meanwhile. What do adds is kept when OpenTasks returns
// without an error. Where an initiator runs, that one has to be asked instead.
func OpenTasks(dir string, do func(*task.Engine) error) (err error) {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there are no tasks: no initiator has ever used the state directory %s", dir)
	}
	state, err := openState(dir, nil)
	if err != nil {
		return err
	}
	defer state.close()
	q, err := task.Open(dir, task.Options{})
	if err != nil {
		return err
	}
	return errors.Join(do(q), q.Close())
}
