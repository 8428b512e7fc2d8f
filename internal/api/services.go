package api

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"initiator/initiator/report"
	"initiator/initiator/task"
	"initiator/internal/bounds"
	"initiator/internal/dispatch"
	"initiator/internal/journal"
	"initiator/internal/loglevel"
	"initiator/internal/plan"
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
	ListStates(ctx context.Context) ([]report.Pool, error)
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
	ReadLogs(ctx context.Context, names string, q report.LogQuery, emit func([]LogText) error) error
	// ReadOwnLog reads what the initiator itself wrote. It uses only Tail,
	// Follow, Since and Current of the query.
	ReadOwnLog(ctx context.Context, q report.LogQuery, emit func([]LogText) error) error
	// AddLastOutput adds the last output of processes that have died.
	AddLastOutput(ctx context.Context, list []report.Explanation)
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
	Status() report.Status
	// ProblemNames names what is wrong now: the problems of Status, and "storage"
	// beside a StorageError.
	ProblemNames(ctx context.Context) []string
	// CheckTasks returns the damage of the task files. AcceptDamage ends the problems
	// of repaired damage and of a restored backup, and returns the damage.
	CheckTasks() (report.TaskCheck, error)
	AcceptDamage() (report.TaskCheck, error)
	// Shutdown begins the end: in order, or with kill at once.
	Shutdown(kill bool)
	// Changes compares the INI with what runs. Reload applies the INI.
	Changes() (report.Changes, error)
	Reload(ctx context.Context) (report.Changes, error)
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

// LogWriter is a stream of a worker that has written lines.
type LogWriter struct {
	Name   string
	GUID   string
	Index  int
	Stream string
	// Format is the key log_parse of the worker.
	Format string
	// Labelled says that lines of several workers are mixed.
	Labelled bool
}

// Copy returns the line as a value that stays valid.
func (l LogText) Copy() report.LogLine {
	line := report.LogLine{
		At: l.At, Name: l.Writer.Name, GUID: l.Writer.GUID, Index: l.Writer.Index, Stream: l.Writer.Stream, Level: l.level(), Line: string(l.Text),
		Partial: l.Partial, Continued: l.Continued,
	}
	if l.Problem != nil {
		line.Error = l.Problem.Error()
	}
	return line
}

// level returns the level that is recognised in the line; "" = none, or the text is
// not the beginning of a line.
func (l LogText) level() string {
	if l.Continued {
		return ""
	}
	text := l.Text
	if !l.At.IsZero() {
		_, text, _ = bytes.Cut(text, []byte(" "))
	}
	level, ok := loglevel.Parse(l.Writer.Format, string(text[:min(len(text), bounds.LogLevel)]))
	if !ok {
		return ""
	}
	return level.String()
}
