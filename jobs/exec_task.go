package jobs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"initiator/worker"
)

// outputLimit is how much a task may write to stdout, in bytes. In base64 this
// still fits into the largest result that the initiator accepts.
const outputLimit = 32 << 20

// errTooLong ends the reading of a process that writes too much.
var errTooLong = errors.New("too much output")

// boundedBuffer is a buffer that refuses to grow beyond outputLimit.
type boundedBuffer struct {
	ctx      context.Context // of the task, whose watchers see the text
	text     []byte
	exceeded bool // a Write would have exceeded the limit
}

// Write implements io.Writer. After an error the pipe is closed, and the
// process ends with SIGPIPE.
func (b *boundedBuffer) Write(p []byte) (int, error) {
	if len(b.text)+len(p) > outputLimit {
		b.exceeded = true
		return 0, errTooLong
	}
	b.text = append(b.text, p...)
	worker.Output(b.ctx, p)
	return len(p), nil
}

// runTask runs one process for one task, with the data on stdin and the result
// on stdout.
func runTask(ctx context.Context, argv []string, data json.RawMessage) (json.RawMessage, error) {
	stdout := boundedBuffer{ctx: ctx}
	stderr := &stderrTail{to: os.Stderr}
	cmd := newCommand(ctx, argv, stderr)
	cmd.Stdin, cmd.Stdout = bytes.NewReader(stdinOf(data)), &stdout
	if err := cmd.Start(); err != nil {
		return nil, startFailure(err)
	}
	awaitProcess(ctx, cmd)
	words := stderr.closeTail()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case stdout.exceeded:
		return nil, worker.TaskFail{Data: map[string]any{
			"message": fmt.Sprintf("it wrote more than %d MiB to stdout; write a file and answer its name", outputLimit>>20), "stderr": words,
		}}
	case !cmd.ProcessState.Success():
		return nil, exitFailure(cmd.ProcessState, words)
	}
	return resultOf(stdout.text), nil
}

// awaitProcess waits for the process, and ends it when ctx ends. In both cases
// no process of its group is left.
func awaitProcess(ctx context.Context, cmd *exec.Cmd) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // the ProcessState says how it ended
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		endGroup(cmd.Process, ended)
	}
	signalGroup(cmd.Process, syscall.SIGKILL)
}
