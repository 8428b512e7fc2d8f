package initiator

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"

	"initiator/internal/api"
	"initiator/internal/dispatch"
	"initiator/internal/queue"
	"initiator/internal/supervise"
	"initiator/proactor"
)

// Submit queues a task and returns its record once it is kept. Only while Run
// runs; the errors are those of dispatch.Dispatcher.Submit.
func (in *Initiator) Submit(ctx context.Context, r task.Request) (task.Task, error) {
	if err := in.up(ctx); err != nil {
		return task.Task{}, err
	}
	return in.dispatcher.Submit(ctx, r)
}

// up waits until there is somebody to ask: before Run, and while it begins, there
// is nobody. Whoever is up answers himself for a ctx that is done.
func (in *Initiator) up(ctx context.Context) error {
	select {
	case <-in.listening:
		return nil
	default:
	}
	select {
	case <-in.listening:
		return nil
	case <-in.over:
		return fmt.Errorf("the initiator has ended")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Task returns the record of a task.
func (in *Initiator) Task(ctx context.Context, id uuid.UUID) (task.Task, error) {
	if err := in.up(ctx); err != nil {
		return task.Task{}, err
	}
	t, err := in.dispatcher.Get(ctx, id)
	return in.waiting(t)[0], err
}

// Wait returns the record of a task when it is terminal.
func (in *Initiator) Wait(ctx context.Context, id uuid.UUID) (task.Task, error) {
	if err := in.up(ctx); err != nil {
		return task.Task{}, err
	}
	return in.dispatcher.Wait(ctx, id)
}

// Call submits a task and returns its record when it is terminal; see
// dispatch.Dispatcher.Call. Only while Run runs.
func (in *Initiator) Call(ctx context.Context, r task.Request) (task.Task, error) {
	if err := in.up(ctx); err != nil {
		return task.Task{}, err
	}
	return in.dispatcher.Call(ctx, r)
}

// Begin submits a task without waiting for anything; see
// dispatch.Dispatcher.Begin. Only once Listening is closed.
func (in *Initiator) Begin(r task.Request, taken, ended func(task.Task, error)) *dispatch.AsyncWait {
	return in.dispatcher.SubmitAsync(r, taken, ended)
}

// Await waits for the end of a task without a goroutine; see
// dispatch.Dispatcher.Await. Only once Listening is closed.
func (in *Initiator) Await(id uuid.UUID, ended func(task.Task, error)) *dispatch.AsyncWait {
	return in.dispatcher.WaitAsync(id, ended)
}

// List returns records, newest first.
func (in *Initiator) List(ctx context.Context, f task.Filter) ([]task.Task, error) {
	if err := in.up(ctx); err != nil {
		return nil, err
	}
	list, err := in.dispatcher.List(ctx, f)
	return in.waiting(list...), err
}

// Cancel ends a task, or asks its worker to.
func (in *Initiator) Cancel(ctx context.Context, id uuid.UUID, why string) (task.Task, error) {
	if err := in.up(ctx); err != nil {
		return task.Task{}, err
	}
	return in.dispatcher.Cancel(ctx, id, why)
}

// Retry queues a failed, cancelled or dead task again.
func (in *Initiator) Retry(ctx context.Context, id uuid.UUID) (task.Task, error) {
	if err := in.up(ctx); err != nil {
		return task.Task{}, err
	}
	return in.dispatcher.Retry(ctx, id)
}

// Counts tells how many tasks of each state each pool has.
func (in *Initiator) Counts(ctx context.Context) (map[string]task.Counts, error) {
	if err := in.up(ctx); err != nil {
		return nil, err
	}
	return in.dispatcher.CountTasks(ctx)
}

// Pools returns the names of the pools that take tasks.
func (in *Initiator) Pools() []string {
	var names []string
	for _, p := range pools(in.Plan()) {
		names = append(names, p.Name)
	}
	return names
}

// Workers returns what is known of every worker.
// There are none before Run has begun.
func (in *Initiator) Workers() []supervise.Worker {
	select {
	case <-in.listening:
		return in.supervisor.Workers()
	default:
		return nil
	}
}

// LaunchWorker starts one more worker and returns all that is known of it.
func (in *Initiator) LaunchWorker(ctx context.Context, spec, guid string) (supervise.Worker, error) {
	if err := in.up(ctx); err != nil {
		return supervise.Worker{}, err
	}
	return in.supervisor.LaunchWorker(ctx, spec, guid)
}

// Start starts workers by definition, guid or "all", and waits until they are up.
func (in *Initiator) Start(ctx context.Context, names ...string) ([]supervise.Result, error) {
	if err := in.up(ctx); err != nil {
		return nil, err
	}
	return in.supervisor.Start(ctx, names...)
}

// Stop stops workers, and waits until nothing of them is left.
func (in *Initiator) Stop(ctx context.Context, names ...string) ([]supervise.Result, error) {
	if err := in.up(ctx); err != nil {
		return nil, err
	}
	return in.supervisor.Stop(ctx, names...)
}

// Restart gives workers new processes.
func (in *Initiator) Restart(ctx context.Context, names ...string) ([]supervise.Result, error) {
	if err := in.up(ctx); err != nil {
		return nil, err
	}
	return in.supervisor.Restart(ctx, names...)
}

// Events returns the transitions after a number, and a channel that is closed
// when there are more.
func (in *Initiator) Events(since uint64) ([]supervise.Transition, <-chan struct{}) {
	return in.journal.since(since)
}

// Heartbeat takes a worker's heartbeat.
func (in *Initiator) Heartbeat(token string, body *proactor.HeartbeatBody) (*proactor.HeartbeatAnswer, bool) {
	return in.dispatcher.RecordHeartbeat(token, body)
}

// Result takes what a worker reports of a task.
func (in *Initiator) Result(ctx context.Context, token string, failed bool, body proactor.ResultBody) error {
	return in.dispatcher.RecordResult(ctx, token, failed, body)
}

// Channel tells which channel a session's holder must name.
func (in *Initiator) Channel(token string, named int) (allowed, known bool) {
	return in.dispatcher.CheckChannel(token, named)
}

// statusPatience bounds the wait for the counts of tasks in a Status.
const statusPatience = 2 * time.Second

// Status describes the initiator.
func (in *Initiator) Status() api.Status {
	ctx, cancel := context.WithTimeout(in.life, statusPatience)
	defer cancel()
	counts, _ := in.dispatcher.CountTasks(ctx) // without them the rest is still true
	fault, _ := in.dispatcher.StorageFault(ctx)
	s := api.Status{
		PID: os.Getpid(), Version: Version, Config: in.Plan().File, URL: in.URL(), Socket: in.Socket(),
		Started: in.started, Workers: in.Workers(), Tasks: counts, StorageError: fault,
		Paused: in.paused(), Generation: in.past.generation(), UpgradeError: in.past.failed(),
	}
	select {
	case <-in.quit:
		s.Stopping = true
	default:
	}
	return s
}
