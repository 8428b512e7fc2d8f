package jobs

import (
	"context"
	"encoding/json"

	"initiator/worker"
)

// lineServer keeps one process that answers each line with a line. Tasks take
// turns, whatever the number of slots: when a task forces the process to end,
// no other task uses it.
type lineServer struct {
	argv    []string
	turn    chan struct{} // holds a token while a task uses the fields below
	process *lineProcess  // nil = no process runs
}

func newLineServer(argv []string) *lineServer {
	return &lineServer{argv: argv, turn: make(chan struct{}, 1)}
}

// serveTask writes one line and waits for its answer. When the process dies,
// the next task starts another process.
func (l *lineServer) serveTask(ctx context.Context, data json.RawMessage) (json.RawMessage, error) {
	if err := l.takeTurn(ctx); err != nil {
		return nil, err
	}
	defer l.releaseTurn()
	if err := l.ensureProcess(); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, l.process.abort)
	defer stop()
	_, wrote := l.process.stdin.Write(lineOf(data)) // a process that has ended shows when its answer is read
	line, ok := <-l.process.answers
	switch {
	case ok && wrote == nil && ctx.Err() == nil:
		return resultOf(line), nil
	case ctx.Err() != nil:
		_ = l.dropProcess() // the cause says more than the exit code
		return nil, context.Cause(ctx)
	case ok:
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

// ensureProcess makes sure that a usable process runs. A process that has
// written a line without a question is replaced, because the next task would
// take that line as its answer.
func (l *lineServer) ensureProcess() error {
	if l.process != nil {
		select {
		case <-l.process.answers: // an unexpected line, or the end of the process
			_ = l.dropProcess() // no task used the process
		default:
		}
	}
	if l.process != nil {
		return nil
	}
	p, err := startLines(l.argv)
	if err != nil {
		return startFailure(err)
	}
	l.process = p
	return nil
}

// dropProcess ends the process and returns how it ended.
func (l *lineServer) dropProcess() error {
	p := l.process
	l.process = nil
	return p.endProcess()
}

// closeServer ends the process after the last task.
func (l *lineServer) closeServer() {
	if l.process != nil {
		_ = l.dropProcess() // no task waits for the error
	}
}
