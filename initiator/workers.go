package initiator

import (
	"context"
	"fmt"
	"os"

	"initiator/initiator/report"
)

// Worker is a worker with the fields of turberfield's tuple.
type Worker struct {
	GUID string `json:"guid"`
	Port int    `json:"port"`
	// Session names the incarnation: the guid and its number.
	Session string `json:"session"`
	// Module is the worker definition's name.
	Module string `json:"module"`
	// Process is the pid.
	Process int `json:"process"`
}

// Launch starts one more worker of the definition named module and waits until it
// is ready. An empty guid makes a new guid.
func (in *Initiator) Launch(ctx context.Context, module, guid string) (Worker, error) {
	s, err := in.waitForServer(ctx)
	if err != nil {
		return Worker{}, err
	}
	w, err := s.supervisor.LaunchWorker(ctx, module, guid)
	if err != nil {
		return Worker{}, err
	}
	return Worker{
		GUID: w.GUID, Port: w.Port, Module: w.Name, Process: w.PID,
		Session: fmt.Sprintf("%s/%d", w.GUID, w.Incarnation),
	}, nil
}

// Workers returns what is known of every worker; nothing before Run has started
// its loops.
func (in *Initiator) Workers() []report.Worker {
	if s := in.currentServer(); s != nil {
		return s.listWorkers()
	}
	return nil
}

// LeftProcesses returns the processes that workers have left and that nothing ends
// (leave_descendants), also the processes that workers of earlier initiators of the
// state directory have left. Linux only; elsewhere it returns nothing.
func (in *Initiator) LeftProcesses() []report.LeftProcess {
	if s := in.currentServer(); s != nil {
		return s.supervisor.LeftProcesses()
	}
	return nil
}

// Events returns the transitions of workers after a number, and a channel that is
// closed when there are more. The channel is nil when Run has failed.
func (in *Initiator) Events(since uint64) (list []report.Event, more <-chan struct{}) {
	if s := in.currentServer(); s != nil {
		return s.journal.Since(since)
	}
	if in.runState.closedError() != nil {
		return nil, nil // Run has failed, and no transition will come
	}
	return nil, in.runState.started
}

// Reopen opens the log files of all workers anew by their names, after they were
// moved by another program.
func (in *Initiator) Reopen(ctx context.Context) error {
	s, err := in.waitForServer(ctx)
	if err != nil {
		return err
	}
	return s.supervisor.ReopenLogs(ctx)
}

// Status describes the initiator. Before the API answers, the status has only the
// process, the version, and the paths.
func (in *Initiator) Status() report.Status {
	if s := in.currentServer(); s != nil {
		return s.Status()
	}
	return report.Status{PID: os.Getpid(), Version: Version, Config: in.Plan().File, Socket: in.Socket(), Stopping: isClosed(in.runState.stopping)}
}
