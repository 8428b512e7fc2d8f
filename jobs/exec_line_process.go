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

// lineProcess is a process that answers lines. It has a goroutine that waits
// for the end of the process.
type lineProcess struct {
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	stderr  *stderrTail
	line    []byte        // the beginning of an answer; only Write uses it
	answers chan []byte   // closed when the process has ended
	unread  chan struct{} // closed when no task reads answers any more
	abort   func()        // ends the process; may be called at any time and any number of times
	ended   chan struct{}
	tooLong bool // an answer was too long; read it only after ended is closed
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
		_ = p.cmd.Wait() // the ProcessState says how it ended
		close(p.ended)
		close(p.answers)
	}()
	return p, nil
}

// errNotRead ends the reading of a process that no task uses any more.
var errNotRead = errors.New("no task reads its output any more")

// Write implements io.Writer for the process's stdout. It passes on each
// complete line. After an error the pipe is closed.
func (p *lineProcess) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		end := bytes.IndexByte(rest, '\n')
		piece := rest[:max(end, 0)]
		if end < 0 {
			piece = rest
		}
		if len(p.line)+len(piece) > outputLimit {
			p.tooLong = true
			go p.abort() // in a goroutine, because abort waits until this Write has returned
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

// eofGrace is how long a process may take to end after its stdin is closed.
const eofGrace = time.Second

// endProcess ends the process by closing its stdin, or by force, and returns
// the failure of its task. No process of its group is left.
func (p *lineProcess) endProcess() error {
	close(p.unread)
	_ = p.stdin.Close() // fails only when the process has ended
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
	// The process should have gone on, so its end is a crash, whatever its
	// exit code.
	died := exitFailure(p.cmd.ProcessState, words)
	died.Retry = true
	return died
}
