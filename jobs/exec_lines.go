package jobs

import (
	"context"
	"encoding/json"

	"initiator/worker"
)

// lineServer keeps one process that answers each line with a line. Tasks take
// turns, whatever the slots: when the process has to be ended for one of them,
// no other is in it.
type lineServer struct {
	argv    []string
	turn    chan struct{} // holds a token while somebody uses what follows
	process *lineProcess  // nil = none runs
}

func newLineServer(argv []string) *lineServer {
	return &lineServer{argv: argv, turn: make(chan struct{}, 1)}
}

// serveTask gives one line and waits for its answer. A process that dies of it is
// replaced for the next task.
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
	_, wrote := l.process.stdin.Write(lineOf(data)) // a process that is gone shows below
	line, ok := <-l.process.answers
	switch {
	case ok && wrote == nil && ctx.Err() == nil:
		return resultOf(line), nil
	case ctx.Err() != nil:
		_ = l.dropProcess() // the cause tells more than how it ended of it
		return nil, context.Cause(ctx)
	case ok:
		_ = l.dropProcess() // it has not even ended by itself
		return nil, worker.TaskFail{Data: map[string]any{"message": "it answered before it had read the line"}}
	}
	return nil, l.dropProcess()
}

// startEarly starts the process before there is a task.
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

// ensureProcess has a process that is in step: one that has said something although
// nothing was asked would answer the next task with it.
func (l *lineServer) ensureProcess() error {
	if l.process != nil {
		select {
		case <-l.process.answers: // a stray line, or its end
			_ = l.dropProcess() // no task was in it
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

// dropProcess ends the process and says how it had ended.
func (l *lineServer) dropProcess() error {
	p := l.process
	l.process = nil
	return p.endProcess()
}

// closeServer ends the process after the last task.
func (l *lineServer) closeServer() {
	if l.process != nil {
		_ = l.dropProcess() // nobody is there to be told
	}
}
