package jobs

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/go-hclog"

	"initiator/worker"
)

// lineServer keeps one process that answers each line with a line. Tasks take
// turns, whatever the number of slots: when a task forces the process to end,
// no other task uses it.
type lineServer struct {
	argv    []string
	log     hclog.Logger
	turn    chan struct{} // holds a token while a task uses the fields below
	process *lineProcess  // nil = no process runs
}

func newLineServer(argv []string, log hclog.Logger) *lineServer {
	return &lineServer{argv: argv, log: log, turn: make(chan struct{}, 1)}
}

// serveTask writes one line and waits for its answer. When the process dies,
// the next task starts another process. With ids, line and answer carry the id
// of the task.
func (l *lineServer) serveTask(ctx context.Context, data json.RawMessage, ids bool) (json.RawMessage, error) {
	if err := l.takeTurn(ctx); err != nil {
		return nil, err
	}
	defer l.releaseTurn()
	if err := l.ensureProcess(); err != nil {
		return nil, err
	}
	q := question{line: lineOf(data)}
	if t, ok := worker.TaskFromContext(ctx); ok && ids {
		q.id, q.line = t.ID, lineWithID(t.ID, data)
	}
	stop := context.AfterFunc(ctx, l.process.abort)
	line, answered, wrote := l.process.askQuestion(q)
	switch aborted := !stop(); {
	case aborted: // what the process writes about its end is no answer
		_ = l.dropProcess()
		return nil, context.Cause(ctx) // which says more than the exit code
	case answered && wrote == nil && q.id != "":
		return resultWithID(line)
	case answered && wrote == nil:
		return checkedResult(line)
	case answered:
		_ = l.dropProcess() // the answer is wrong even though the process lives
		return nil, worker.TaskFail{Data: map[string]any{"message": "it answered before it had read the line"}}
	}
	return nil, l.dropProcess()
}

// startEarly starts the process before the first task.
func (l *lineServer) startEarly(ctx context.Context) error {
	if err := l.takeTurn(ctx); err != nil {
		return err
	}
	defer l.releaseTurn()
	return l.ensureProcess()
}

func (l *lineServer) takeTurn(ctx context.Context) error {
	select {
	case l.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (l *lineServer) releaseTurn() { <-l.turn }

// ensureProcess makes sure that a process runs.
func (l *lineServer) ensureProcess() error {
	if l.process != nil && l.process.hasEnded() {
		l.log.Warn("the process ended between two tasks", "reason", failureText(l.dropProcess()))
	}
	if l.process != nil {
		return nil
	}
	p, err := startLines(l.argv, l.log)
	if err != nil {
		return startFailure(err)
	}
	l.process = p
	return nil
}

// dropProcess ends the process, if there is one, and returns how it ended.
func (l *lineServer) dropProcess() error {
	p := l.process
	l.process = nil
	if p == nil {
		return nil
	}
	return p.endProcess()
}

// closeServer ends the process after the last task. It leaves the process to a
// task that still uses it when the worker gives up its tasks: the context of that
// task has ended, and with it the process ends.
func (l *lineServer) closeServer() {
	select {
	case l.turn <- struct{}{}:
		_ = l.dropProcess() // no task waits for the error
		l.releaseTurn()
	default:
	}
}
