package jobs

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"initiator/worker"
)

// lineProcess is one process that answers lines. Its own goroutine waits for
// its end.
type lineProcess struct {
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	stderr  *stderrTail
	line    []byte        // the beginning of an answer; only for Write
	answers chan []byte   // closed when it has ended
	unread  chan struct{} // closed when nobody reads answers any more
	abort   func()        // ends it; can be called at any time, acts once
	ended   chan struct{}
	tooLong bool // an answer was; to be read once ended is closed
}

func startLines(argv []string) (*lineProcess, error) {
	stderr := &stderrTail{to: os.Stderr}
	p := &lineProcess{
		cmd: newCommand(context.Background(), argv, stderr), stderr: stderr,
		answers: make(chan []byte), unread: make(chan struct{}), ended: make(chan struct{}),
	}
	p.abort = sync.OnceFunc(func() { endGroup(p.cmd.Process, p.ended) })
	p.cmd.Stdout = p
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait() // how it ended is in its ProcessState
		close(p.ended)
		close(p.answers)
	}()
	return p, nil
}

// errNotRead ends the reading of a process that nobody asks any more.
var errNotRead = errors.New("nobody reads it any more")

// Write implements io.Writer for the process's stdout: it gives out each line
// that has ended. After an error the pipe is closed.
func (p *lineProcess) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		end := bytes.IndexByte(rest, '\n')
		piece := rest[:max(end, 0)]
		if end < 0 {
			piece = rest
		}
		if len(p.line)+len(piece) > outputLimit {
			p.tooLong = true
			go p.abort() // it would wait for this very reading to end
			return 0, errTooLong
		}
		p.line = append(p.line, piece...)
		if end < 0 {
			break
		}
		select {
		case p.answers <- p.line:
		case <-p.unread:
			return 0, errNotRead
		}
		p.line, rest = nil, rest[end+1:]
	}
	return len(b), nil
}

// eofGrace is how long a process may take to end when its stdin has.
const eofGrace = time.Second

// endProcess brings about the end, by closing its stdin or by force, and says in a
// task's words how it was. Nothing of its group is left.
func (p *lineProcess) endProcess() error {
	close(p.unread)
	_ = p.stdin.Close() // of no effect on one that has ended
	patience := time.NewTimer(eofGrace)
	defer patience.Stop()
	select {
	case <-p.ended:
	case <-patience.C:
		p.abort()
		<-p.ended
	}
	signalGroup(p.cmd.Process, syscall.SIGKILL)
	words := p.stderr.closeTail()
	if p.tooLong {
		return worker.TaskFail{Data: map[string]any{"message": "its answer is longer than a result may be", "stderr": words}}
	}
	// It was to live on, so its end is an accident whatever its code.
	died := exitFailure(p.cmd.ProcessState, words)
	died.Retry = true
	return died
}
