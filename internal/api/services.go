package api

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"initiator/initiator/task"
	"initiator/internal/dispatch"
	"initiator/internal/journal"
	"initiator/internal/plan"
	"initiator/internal/problems"
	"initiator/internal/queue/store"
	"initiator/internal/supervise"
)

// Services are what a Server serves. All fields are needed, and everything behind
// them runs when Serve is called, so that no handler has to check it. Their
// methods may be called by any goroutine.
type Services struct {
	Tasks   *dispatch.Dispatcher
	Workers *supervise.Supervisor
	Events  *journal.Journal
	Pools   PoolService
	Logs    LogService
	Configs ConfigService
	Control Control
	// Plan is the plan that was read last.
	Plan func() *plan.Plan
}

// PoolService answers for the pools of the plan.
type PoolService interface {
	// Names are the pools that take tasks.
	Names() []string
	// ListStates returns each pool with the number of its tasks.
	ListStates(ctx context.Context) ([]Pool, error)
	// SetPaused pauses or resumes pools; "all" stands for every pool.
	SetPaused(ctx context.Context, paused bool, names ...string) error
	// WaitingReasons returns a function that returns the reason of a task: of a
	// queued task, what it waits for at the time of WaitingReasons.
	WaitingReasons() func(task.Task) string
}

// LogService reads log files. It passes lines to emit in batches, and returns
// after the last line, or with LogQuery.Follow when ctx is done. The first batch
// is empty: it says that there is something to read. A batch and its texts are
// valid until emit returns.
type LogService interface {
	// ReadLogs reads what workers wrote.
	ReadLogs(ctx context.Context, names string, q LogQuery, emit func([]LogText) error) error
	// ReadOwnLog reads what the initiator itself wrote. It uses only Tail,
	// Follow, Since and Current of the query.
	ReadOwnLog(ctx context.Context, q LogQuery, emit func([]LogText) error) error
	// AddLastOutput adds the last output of processes that have died.
	AddLastOutput(ctx context.Context, list []supervise.Explanation)
}

// ConfigService knows the configurations and the tokens that were issued to the
// living workers.
type ConfigService interface {
	// Config is a worker's configuration, where the token is that worker's own.
	Config(guid, token string) (entries []plan.Entry, allowed bool)
	// TokenOwner is the living worker to which a token was issued.
	TokenOwner(token string) (w dispatch.WorkerCaller, ok bool)
}

// Control is what concerns the initiator as a whole.
type Control interface {
	// Status describes the initiator.
	Status() Status
	// ProblemNames names what is wrong now: the problems of Status, and "storage"
	// beside a StorageError.
	ProblemNames(ctx context.Context) []string
	// CheckTasks returns the damage of the task files. AcceptDamage ends the problems
	// of repaired damage and of a restored backup, and returns the damage.
	CheckTasks() (TaskCheck, error)
	AcceptDamage() (TaskCheck, error)
	// Shutdown begins the end: in order, or with kill at once.
	Shutdown(kill bool)
	// Changes compares the INI with what runs. Reload applies the INI.
	Changes() (Changes, error)
	Reload(ctx context.Context) (Changes, error)
	// RotateToken stores another token of the API and replaces the old one, which
	// opens nothing any more.
	RotateToken(ctx context.Context) error
	// Upgrade checks another program and then becomes it; "" is the file of the
	// running program, which may have been replaced. It returns when the upgrade
	// cannot be refused any more: the next program answers requests that arrive
	// from then on. Version is the version of the next program.
	Upgrade(ctx context.Context, binary string) (version string, err error)
	// WriteBackup writes an archive of the state directory (package backup). One
	// backup is written at a time; another is a task.ErrConflict.
	WriteBackup(ctx context.Context, w io.Writer) error
}

// TaskCheck is the damage of the task files.
type TaskCheck struct {
	// Files are the task files; only without a running initiator.
	Files []store.FileReport `json:"files,omitempty"`
	// Unrepaired is damage that the files have now. A start repairs it.
	Unrepaired []store.Damage `json:"unrepaired"`
	// TornEnd is an incomplete batch at the end of the newest file, which the next
	// start cuts off.
	TornEnd string `json:"torn_end,omitempty"`
	// Repaired is damage that starts have found since Since, and that was not
	// accepted yet.
	Repaired []store.Damage `json:"repaired"`
	Since    time.Time      `json:"since,omitzero"`
	// Changes is the number of tasks of which only changes are left.
	Changes int `json:"changes,omitempty"`
	// Running is damage that the running initiator has found after its start.
	Running string `json:"running,omitempty"`
	// Restored says that the state directory was restored from a backup, which is no
	// damage. It was not accepted yet.
	Restored string `json:"restored,omitempty"`
}

// IsDamaged reports whether there is any damage.
func (c TaskCheck) IsDamaged() bool {
	return len(c.Unrepaired)+len(c.Repaired) > 0 || c.Running != ""
}

// Changes is what a reload would do, or did.
type Changes struct {
	Workers []plan.Change `json:"workers"`
	// Settings are keys of [initiator] that differ; they take effect when
	// the initiator starts again.
	Settings []string `json:"settings,omitempty"`
	// Schedules are the schedules that are new, gone or changed.
	Schedules []string `json:"schedules,omitempty"`
}

// Pool is one pool as a caller sees it.
type Pool struct {
	Name   string      `json:"name"`
	Paused bool        `json:"paused"`
	Tasks  task.Counts `json:"tasks"` // by state
}

// LogQuery says which part of the output of workers to read.
type LogQuery struct {
	Stream string    // "stdout", "stderr" or "both"; "" = stdout
	Tail   int       // only the last so many lines; 0 = all
	Follow bool      // do not end; wait for what is written next
	Since  time.Time // only what was written from then on; zero = all
	Until  time.Time // only what was written before; zero = all. Not with Previous or Follow
	// Previous selects the incarnation before the last. Not with Follow.
	Previous bool
	// Current leaves out the files that were rotated away.
	Current bool
}

// LogLine is one line of a worker, or a piece of a line that is long or has no end
// yet.
type LogLine struct {
	At     time.Time `json:"at,omitzero"`
	Name   string    `json:"name"`
	GUID   string    `json:"guid"`
	Index  int       `json:"index"`
	Stream string    `json:"stream"`
	Line   string    `json:"line"` // as it is in the log, with its time
	// Error says, in the place of a line, why the stream cannot be read; "" = it can.
	Error string `json:"error,omitempty"`
	// Partial says that the line goes on in the next piece of this stream, or that
	// its end is not written yet. Continued says that the text goes on with the line
	// of the last piece.
	Partial   bool `json:"partial,omitempty"`
	Continued bool `json:"continued,omitempty"`
}

// LogText is a line of a log, or a piece of a line, while the log is read. Its text
// is in memory that the reader uses again. Partial and Continued are as in LogLine.
type LogText struct {
	At        time.Time // zero where the line has no time
	Writer    *LogWriter
	Text      []byte // as it is in the log, with its time
	Partial   bool
	Continued bool
	// Problem is, in the place of a line, why the stream cannot be read.
	Problem error
}

// Describe returns a sentence about a Problem, with the name of the worker.
func (l LogText) Describe() string {
	return fmt.Sprintf("the %s of %s:%d cannot be read: %v", l.Writer.Stream, l.Writer.Name, l.Writer.Index, l.Problem)
}

// UnreadableLogsError is the error at the end of the lines of several logs, of which
// some could not be read.
type UnreadableLogsError struct {
	Logs []string // a sentence about each
}

// Error joins the sentences.
func (e *UnreadableLogsError) Error() string { return strings.Join(e.Logs, "; ") }

// LogWriter is a stream of a worker that has written lines.
type LogWriter struct {
	Name   string
	GUID   string
	Index  int
	Stream string
	// Labelled says that lines of several workers are mixed.
	Labelled bool
}

// Copy returns the line as a value that stays valid.
func (l LogText) Copy() LogLine {
	line := LogLine{
		At: l.At, Name: l.Writer.Name, GUID: l.Writer.GUID, Index: l.Writer.Index, Stream: l.Writer.Stream, Line: string(l.Text),
		Partial: l.Partial, Continued: l.Continued,
	}
	if l.Problem != nil {
		line.Error = l.Problem.Error()
	}
	return line
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
	// UpgradeError says why the last upgrade was reverted.
	UpgradeError string `json:"upgrade_error,omitempty"`
	// Stopping is set once the end has begun.
	Stopping bool               `json:"stopping,omitempty"`
	Workers  []supervise.Worker `json:"workers"`
	// Tasks counts by pool and state.
	Tasks map[string]task.Counts `json:"tasks"`
	// Paused are the pools that do not hand out their tasks.
	Paused []string `json:"paused,omitempty"`
	// StorageError says why tasks cannot be stored now; none are accepted then.
	StorageError string `json:"storage_error,omitempty"`
	// Problems last until a person mends them.
	Problems []problems.Problem `json:"problems,omitempty"`
	// Unattributed names, as "pid command", the processes that workers have
	// started and that belong to no worker that is known.
	Unattributed []string `json:"unattributed,omitempty"`
	// Left are the processes that workers have left and that nothing ends
	// (leave_descendants).
	Left []supervise.LeftProcess `json:"left,omitempty"`
}
