package jobs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"initiator/internal/bounds"
	"initiator/worker"
)

// outputLimit is how much a task may write to stdout, in bytes. In base64 this
// still fits into the largest result that the initiator accepts.
const outputLimit = bounds.ExecOutput

// errTooLong ends the reading of a process that writes too much.
var errTooLong = errors.New("too much output")

// boundedBuffer is a buffer that refuses to grow beyond outputLimit.
type boundedBuffer struct {
	ctx      context.Context // of the task, whose watchers see the text
	text     []byte
	exceeded chan struct{} // closed when a Write would have exceeded the limit
}

// Write implements io.Writer. After an error the pipe is closed.
func (b *boundedBuffer) Write(p []byte) (int, error) {
	if len(b.text)+len(p) > outputLimit {
		close(b.exceeded) // once: no Write follows an error
		return 0, errTooLong
	}
	b.text = append(b.text, p...)
	_, _ = worker.Output(b.ctx).Write(p) // never fails
	return len(p), nil
}

// hasExceeded reports whether the output was longer than the limit.
func (b *boundedBuffer) hasExceeded() bool {
	select {
	case <-b.exceeded:
		return true
	default:
		return false
	}
}

// runTask runs one process for one task, with the data on stdin and the result
// on stdout. A process that ended by itself has its result, also when the
// context has ended meanwhile.
func runTask(ctx context.Context, argv []string, data json.RawMessage, retry retryCodes) (json.RawMessage, error) {
	stdout := boundedBuffer{ctx: ctx, exceeded: make(chan struct{})}
	stderr := &stderrTail{to: os.Stderr}
	cmd := newCommand(ctx, argv, stderr)
	cmd.Stdin, cmd.Stdout = bytes.NewReader(stdinOf(data)), &stdout
	if err := cmd.Start(); err != nil {
		return nil, startFailure(err)
	}
	byContext := awaitProcess(ctx, cmd, stdout.exceeded)
	words := stderr.closeTail()
	switch {
	case stdout.hasExceeded():
		return nil, worker.TaskFail{Data: map[string]any{
			"message": fmt.Sprintf("it wrote more than %d MiB to stdout; write a file and answer its name", outputLimit>>20), "stderr": words,
		}}
	case byContext:
		return nil, context.Cause(ctx)
	case !cmd.ProcessState.Success():
		return nil, exitFailure(cmd.ProcessState, words, retry)
	}
	return checkedResult(stdout.text)
}

// awaitProcess waits for the process. It ends the process when ctx ends, which
// it reports, and when exceeded is closed: a process may ignore that its output
// is not read any more. In every case no process of its group is left.
func awaitProcess(ctx context.Context, cmd *exec.Cmd, exceeded <-chan struct{}) (byContext bool) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // the ProcessState says how it ended
	}()
	select {
	case <-ended:
	case <-exceeded:
		endGroup(cmd.Process, ended)
	case <-ctx.Done():
		select {
		case <-ended: // both at once: the process ended by itself
		default:
			byContext = true
			endGroup(cmd.Process, ended)
		}
	}
	killGroup(cmd.Process)
	return byContext
}
