package jobs

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/worker"
)

// lineProcess is a process that answers lines. One goroutine waits for the end
// of the process, and one reads its stdout.
type lineProcess struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stderr *stderrTail
	out    lineReader
	abort  func()        // ends the process; may be called at any time and any number of times
	ended  chan struct{} // closed when the process has ended and its output is read
}

func startLines(argv []string, log hclog.Logger) (*lineProcess, error) {
	stderr := &stderrTail{to: os.Stderr}
	p := &lineProcess{cmd: newCommand(context.Background(), argv, stderr), stderr: stderr, ended: make(chan struct{})}
	p.abort = sync.OnceFunc(func() { endGroup(p.cmd.Process, p.ended) })
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.cmd.Stdout = write
	err = p.cmd.Start()
	_ = write.Close() // the process has its own
	if err != nil {
		_ = read.Close()
		return nil, err
	}
	p.out = lineReader{pipe: read, log: log, tooLong: p.abort}
	go p.awaitEnd()
	return p, nil
}

// awaitEnd reads the output until the process has ended.
func (p *lineProcess) awaitEnd() {
	read := make(chan struct{})
	go func() {
		defer close(read)
		p.out.readLines()
	}()
	_ = p.cmd.Wait()                                          // the ProcessState says how it ended
	_ = p.out.pipe.SetReadDeadline(time.Now().Add(pipeGrace)) // a descendant may hold the pipe
	<-read
	_ = p.out.pipe.Close()
	close(p.ended)
}

// hasEnded reports whether the process has ended.
func (p *lineProcess) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// question is one line for the process.
type question struct {
	line []byte
	id   string // that the answer must have; "" = any line is an answer
}

// askQuestion writes a line and waits for its answer, or for the end of the
// process. wrote is the error of the write.
func (p *lineProcess) askQuestion(q question) (line []byte, answered bool, wrote error) {
	answer := p.out.awaitAnswer(q.id)
	_, wrote = p.stdin.Write(q.line) // a process that has ended shows when its answer is awaited
	select {
	case line = <-answer:
		return line, true, wrote
	case <-p.ended:
	}
	select {
	case line = <-answer: // both at once: the last answer of the process
		return line, true, wrote
	default:
		return nil, false, wrote
	}
}

// eofGrace is how long a process may take to end after its stdin is closed.
const eofGrace = time.Second

// endProcess ends the process by closing its stdin, or by force, and returns
// the failure of its task. No process of its group is left.
func (p *lineProcess) endProcess() error {
	_ = p.stdin.Close() // fails only when the process has ended
	patience := time.NewTimer(eofGrace)
	defer patience.Stop()
	select {
	case <-p.ended:
	case <-patience.C:
		p.abort()
		<-p.ended
	}
	killGroup(p.cmd.Process)
	words := p.stderr.closeTail()
	if p.out.isTooLong() {
		return worker.TaskFail{Data: map[string]any{"message": "its answer is longer than a result may be", "stderr": words}}
	}
	// The process should have gone on, so its end is a crash, whatever its
	// exit code.
	return exitFailure(p.cmd.ProcessState, words, retryCodes{any: true})
}

// failureText returns the message of a failure of this package.
func failureText(err error) string {
	var fail worker.TaskFail
	if errors.As(err, &fail) {
		if data, ok := fail.Data.(map[string]any); ok {
			text, _ := data["message"].(string)
			return text
		}
	}
	return ""
}
