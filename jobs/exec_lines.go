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
	argv []string
	turn chan struct{} // holds a token while somebody uses what follows
	now  *lineProcess  // nil = none runs
}

func newLineServer(argv []string) *lineServer {
	return &lineServer{argv: argv, turn: make(chan struct{}, 1)}
}

// serve gives one line and waits for its answer. A process that dies of it is
// replaced for the next task.
func (l *lineServer) serve(ctx context.Context, data json.RawMessage) (json.RawMessage, error) {
	if err := l.take(ctx); err != nil {
		return nil, err
	}
	defer l.leave()
	if err := l.ensure(); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, l.now.abort)
	defer stop()
	_, wrote := l.now.stdin.Write(lineOf(data)) // a process that is gone shows below
	line, ok := <-l.now.answers
	switch {
	case ok && wrote == nil && ctx.Err() == nil:
		return resultOf(line), nil
	case ctx.Err() != nil:
		_ = l.drop() // the cause tells more than how it ended of it
		return nil, context.Cause(ctx)
	case ok:
		_ = l.drop() // it has not even ended by itself
		return nil, worker.TaskFail{Data: map[string]any{"message": "it answered before it had read the line"}}
	}
	return nil, l.drop()
}

// warm starts the process before there is a task.
func (l *lineServer) warm(ctx context.Context) error {
	if err := l.take(ctx); err != nil {
		return err
	}
	defer l.leave()
	return l.ensure()
}

func (l *lineServer) take(ctx context.Context) error {
	select {
	case l.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (l *lineServer) leave() { <-l.turn }

// ensure has a process that is in step: one that has said something although
// nothing was asked would answer the next task with it.
func (l *lineServer) ensure() error {
	if l.now != nil {
		select {
		case <-l.now.answers: // a stray line, or its end
			_ = l.drop() // no task was in it
		default:
		}
	}
	if l.now != nil {
		return nil
	}
	p, err := startLines(l.argv)
	if err != nil {
		return startFailure(err)
	}
	l.now = p
	return nil
}

// drop ends the process and says how it had ended.
func (l *lineServer) drop() error {
	p := l.now
	l.now = nil
	return p.end()
}

// close ends the process after the last task.
func (l *lineServer) close() {
	if l.now != nil {
		_ = l.drop() // nobody is there to be told
	}
}
