package initiator

import (
	"context"
	"fmt"
	"os"

	"initiator/initiator/report"
	"initiator/internal/api"
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

// Start starts workers by definition, guid or "all", and waits until they are up.
func (in *Initiator) Start(ctx context.Context, names ...string) ([]report.Result, error) {
	s, err := in.waitForServer(ctx)
	if err != nil {
		return nil, err
	}
	return s.supervisor.Start(ctx, names...)
}

// Stop stops workers, and waits until they have left no process.
func (in *Initiator) Stop(ctx context.Context, names ...string) ([]report.Result, error) {
	s, err := in.waitForServer(ctx)
	if err != nil {
		return nil, err
	}
	return s.supervisor.Stop(ctx, names...)
}

// Restart restarts workers.
func (in *Initiator) Restart(ctx context.Context, names ...string) ([]report.Result, error) {
	s, err := in.waitForServer(ctx)
	if err != nil {
		return nil, err
	}
	return s.supervisor.Restart(ctx, names...)
}

// RestartRolling restarts workers one at a time, and waits until each is ready
// before it goes on. It stops at the first worker that does not come up.
func (in *Initiator) RestartRolling(ctx context.Context, names ...string) ([]report.Result, error) {
	s, err := in.waitForServer(ctx)
	if err != nil {
		return nil, err
	}
	return s.supervisor.RestartRolling(ctx, names...)
}

// RestartOrder returns workers in the order in which RestartRolling restarts them.
// Nothing is changed.
func (in *Initiator) RestartOrder(ctx context.Context, names ...string) ([]report.Result, error) {
	s, err := in.waitForServer(ctx)
	if err != nil {
		return nil, err
	}
	return s.supervisor.RestartOrder(ctx, names...)
}

// ReloadWorkers lets workers read their configuration again, by reload_signal or
// reload_command. Reload applies the INI.
func (in *Initiator) ReloadWorkers(ctx context.Context, names ...string) ([]report.Result, error) {
	s, err := in.waitForServer(ctx)
	if err != nil {
		return nil, err
	}
	return s.supervisor.ReloadWorkers(ctx, names...)
}

// Scale changes the number of workers of a definition, until the next reload that
// changes `replicas`.
func (in *Initiator) Scale(ctx context.Context, name string, n int) error {
	s, err := in.waitForServer(ctx)
	if err != nil {
		return err
	}
	return s.supervisor.ScalePool(ctx, name, n)
}

// Signal sends a signal to workers: to the main process of each, or to its
// process group, as `stopasgroup` of the definition says.
func (in *Initiator) Signal(ctx context.Context, signal int, names ...string) error {
	return in.SignalTo(ctx, report.SignalByRule, signal, names...)
}

// SignalTo sends a signal to workers and chooses whom it reaches.
func (in *Initiator) SignalTo(ctx context.Context, to report.SignalTarget, signal int, names ...string) error {
	s, err := in.waitForServer(ctx)
	if err != nil {
		return err
	}
	return s.supervisor.SignalWorkers(ctx, signal, to, names...)
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

// Clear removes the log files of workers, but not the files that were rotated
// away before. A keeper that is older than this program may be unable to, until
// its last worker has ended; each Result says so.
func (in *Initiator) Clear(ctx context.Context, names ...string) ([]report.Result, error) {
	s, err := in.waitForServer(ctx)
	if err != nil {
		return nil, err
	}
	return s.supervisor.ClearLogs(ctx, names...)
}

// Logs passes the lines of workers to emit, in the order of time; see
// workerlog.Reader.ReadLogs for names, the order of calls, and the errors. A batch
// and its texts are valid until emit returns; LogText.Copy returns a line to keep.
func (in *Initiator) Logs(ctx context.Context, names string, q report.LogQuery, emit func([]api.LogText) error) error {
	s, err := in.waitForServer(ctx)
	if err != nil {
		return err
	}
	return s.logs.ReadLogs(ctx, names, q, emit)
}

// Why explains, in a sentence for each worker, why workers are in their state. For
// a worker whose process has died it adds the last output of that process.
func (in *Initiator) Why(ctx context.Context, names ...string) ([]report.Explanation, error) {
	s, err := in.waitForServer(ctx)
	if err != nil {
		return nil, err
	}
	explanations, err := s.supervisor.ExplainWorkers(ctx, names...)
	s.logs.AddLastOutput(ctx, explanations)
	return explanations, err
}

// Status describes the initiator. Before the API answers, the status has only the
// process, the version, and the paths.
func (in *Initiator) Status() report.Status {
	if s := in.currentServer(); s != nil {
		return s.Status()
	}
	return report.Status{PID: os.Getpid(), Version: Version, Config: in.Plan().File, Socket: in.Socket(), Stopping: isClosed(in.runState.stopping)}
}
