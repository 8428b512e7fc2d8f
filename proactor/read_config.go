package proactor

import (
	"context"
	"fmt"
	"io"
	"time"
)

// DefaultReadTimeout is how long a worker waits for its configuration
// (docs/worker-contract.md, section 1).
const DefaultReadTimeout = 3 * time.Second

// ConfigTimeout is the error of [ReadConfig] for a stream that did not end in
// time.
type ConfigTimeout struct {
	After time.Duration
}

// Error says what was missing and what ends the wait.
func (e *ConfigTimeout) Error() string {
	return fmt.Sprintf("read configuration: no end of file within %v; write the INI document and close the stream, or start with </dev/null", e.After)
}

// Timeout lets os.IsTimeout recognise the error.
func (e *ConfigTimeout) Timeout() bool { return true }

// ReadConfig reads a document from r until its end; a timeout of 0 means
// [DefaultReadTimeout]. The error is [Faults], a [ConfigTimeout], the
// context's, or the reader's. An empty stream is an empty document.
//
// When the time runs out and r has no working SetReadDeadline, one goroutine
// stays in r.Read until that call returns: close r to end it.
func ReadConfig(ctx context.Context, r io.Reader, timeout time.Duration) (*Config, error) {
	if timeout == 0 {
		timeout = DefaultReadTimeout
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	read := make(chan readResult, 1)
	go func() {
		data, err := io.ReadAll(io.LimitReader(r, MaxConfig+1))
		read <- readResult{data, err}
	}()
	select {
	case done := <-read:
		return done.parseResult()
	case <-timer.C:
		interruptRead(r, read)
		return nil, &ConfigTimeout{After: timeout}
	case <-ctx.Done():
		interruptRead(r, read)
		return nil, fmt.Errorf("read configuration: %w", context.Cause(ctx))
	}
}

type readResult struct {
	data []byte
	err  error
}

func (r readResult) parseResult() (*Config, error) {
	if r.err != nil {
		return nil, fmt.Errorf("read configuration: %w", r.err)
	}
	return ParseConfig("stdin", r.data)
}

// interruptRead ends the reading goroutine when the stream has read deadlines.
func interruptRead(r io.Reader, read <-chan readResult) {
	stream, ok := r.(interface{ SetReadDeadline(time.Time) error })
	if ok && stream.SetReadDeadline(time.Unix(1, 0)) == nil {
		<-read
	}
}
