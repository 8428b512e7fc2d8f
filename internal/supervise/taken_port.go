package supervise

import (
	"errors"
	"fmt"

	"initiator/internal/keeper"
	"initiator/internal/port"
	"initiator/internal/procfs"
)

// explainTaken explains why a worker does not get its port when the process that
// has the port comes from a worker of this initiator: it is no other program, and
// another port is no remedy.
func (l *loop) explainTaken(w *worker, err error) error {
	taken, ok := errors.AsType[*port.TakenError](err)
	if !ok || taken.PID == 0 {
		return err
	}
	tag, environ := procfs.RealtimeLimit(taken.PID), procfs.ReadEnvironment(taken.PID)
	guid, mark := procfs.EnvironValue(environ, "INITIATOR_GUID"), procfs.EnvironValue(environ, markVariable)
	whose := ""
	switch {
	case guid == w.guid, tag != 0 && keeper.TagOfWorker(tag) == keeper.TagOfWorker(keeper.ProcessTag(l.opts.Mark, w.guid, 0)):
		whose = "this worker"
	case l.opts.Mark != "" && (guid != "" && mark == l.opts.Mark || keeper.TagHasMark(tag, l.opts.Mark)):
		whose = "a worker of this initiator"
	default:
		return err
	}
	return fmt.Errorf("take port %d: %w", taken.Port, &leftOnPortError{taken, whose})
}

// leftOnPortError says that a process that a worker has left in the background has
// the port.
type leftOnPortError struct {
	taken *port.TakenError
	whose string
}

func (e *leftOnPortError) Error() string {
	return fmt.Sprintf("process %d %s has it, which %s has started and left in the background; end that process, or write pidfile = the file with its pid, so that it belongs to its worker",
		e.taken.PID, e.taken.Command, e.whose)
}

func (e *leftOnPortError) Unwrap() error { return e.taken }
