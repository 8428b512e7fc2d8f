package api

import (
	"context"
	"time"

	"github.com/google/uuid"

	"initiator/internal/plan"
	"initiator/internal/queue"
	"initiator/internal/supervise"
	"initiator/proactor"
)

// House is what the API needs of the initiator. Every method may be called
// from any goroutine.
type House interface {
	Tasks
	Calls
	TaskPools
	Elsewhere
	Workers
	Webhooks
	Turberfield
	Holders
	// Status describes the initiator itself.
	Status() Status
	// Shutdown begins the end: politely, or with kill at once.
	Shutdown(kill bool)
}

// Tasks is the part about tasks. Errors are those of package dispatch.
type Tasks interface {
	Submit(ctx context.Context, r task.Request) (task.Task, error)
	Task(ctx context.Context, id uuid.UUID) (task.Task, error)
	Wait(ctx context.Context, id uuid.UUID) (task.Task, error)
	List(ctx context.Context, f task.Filter) ([]task.Task, error)
	Cancel(ctx context.Context, id uuid.UUID, why string) (task.Task, error)
	Retry(ctx context.Context, id uuid.UUID) (task.Task, error)
	Counts(ctx context.Context) (map[string]task.Counts, error)
	Pools() []string
}

// Workers is the part about processes.
type Workers interface {
	Workers() []supervise.Worker
	LaunchWorker(ctx context.Context, spec, guid string) (supervise.Worker, error)
	Start(ctx context.Context, names ...string) ([]supervise.Result, error)
	Stop(ctx context.Context, names ...string) ([]supervise.Result, error)
	Restart(ctx context.Context, names ...string) ([]supervise.Result, error)
	RestartRolling(ctx context.Context, names ...string) ([]supervise.Result, error)
	// Clear removes the files with what workers have written.
	Clear(ctx context.Context, names ...string) ([]supervise.Result, error)
	Scale(ctx context.Context, name string, n int) error
	Signal(ctx context.Context, signal int, names ...string) error
	Why(ctx context.Context, names ...string) ([]supervise.Explanation, error)
	// Changes compares the file with what runs; Reload makes them the same.
	Changes() (Changes, error)
	Reload(ctx context.Context) (Changes, error)
	// Events returns what happened after since, and a channel that is
	// closed when there is more.
	Events(since uint64) (past []supervise.Transition, more <-chan struct{})
	// Logs gives what workers wrote to emit, in batches, and ends with ctx
	// or with what there is. The first batch is empty: it says that there
	// is something to read.
	Logs(ctx context.Context, name string, q LogQuery, emit func([]LogLine) error) error
	// OwnLog is Logs for what the initiator itself has written. Only Tail,
	// Follow, Since and Current of the query are heeded.
	OwnLog(ctx context.Context, q LogQuery, emit func([]LogLine) error) error
	// Reopen opens all log files anew by their names.
	Reopen(ctx context.Context) error
}

// Webhooks is the part that workers call.
type Webhooks interface {
	Heartbeat(token string, body *proactor.HeartbeatBody) (*proactor.HeartbeatAnswer, bool)
	Result(ctx context.Context, token string, failed bool, body proactor.ResultBody) error
	Channel(token string, named int) (allowed, known bool)
}

// Changes is what a reload would do, or did.
type Changes struct {
	Workers []plan.Change `json:"workers"`
	// Settings are keys of [initiator] that differ; they take effect when
	// the initiator starts again.
	Settings []string `json:"settings,omitempty"`
	// Schedules are those that are new, gone or changed.
	Schedules []string `json:"schedules,omitempty"`
}

// LogQuery says which part of the output of workers to read.
type LogQuery struct {
	Stream string    // "stdout", "stderr" or "both"; "" = stdout
	Tail   int       // only the last so many lines; 0 = all there is
	Follow bool      // do not end; wait for what is written next
	Since  time.Time // only what was written from then on; zero = all
	Until  time.Time // only what was written before; zero = all. Not with Previous, nor with Follow
	// Previous is what the incarnation before the last one wrote. Not with
	// Follow.
	Previous bool
	// Current leaves out the files that were rotated away.
	Current bool
}

// LogLine is one line of a worker.
type LogLine struct {
	At     time.Time `json:"at,omitzero"`
	Name   string    `json:"name"`
	GUID   string    `json:"guid"`
	Index  int       `json:"index"`
	Stream string    `json:"stream"`
	Line   string    `json:"line"` // as it stands in the log, its time included
	// Labelled says that lines of several workers are among each other.
	Labelled bool `json:"-"`
}

// Status describes a running initiator.
type Status struct {
	PID     int       `json:"pid"`
	Version string    `json:"version"`
	Config  string    `json:"config"`
	URL     string    `json:"url"`
	Socket  string    `json:"socket,omitempty"`
	Started time.Time `json:"started"`
	// Generation counts the programs that this process has been, from 0.
	Generation int `json:"generation,omitempty"`
	// UpgradeError says why the last upgrade was taken back.
	UpgradeError string `json:"upgrade_error,omitempty"`
	// Stopping is set once the end has begun.
	Stopping bool               `json:"stopping,omitempty"`
	Workers  []supervise.Worker `json:"workers"`
	// Tasks counts by pool and state.
	Tasks map[string]task.Counts `json:"tasks"`
	// Paused are the pools whose tasks are given to nobody for now.
	Paused []string `json:"paused,omitempty"`
	// StorageError says why tasks cannot be stored now: none are taken.
	StorageError string `json:"storage_error,omitempty"`
}
