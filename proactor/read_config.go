package proactor

import (
	"context"
	"fmt"
	"io"
	"time"
)

// DefaultReadTimeout is how long a worker waits for its configuration
// (wire/webhooks.md, section 1).
const DefaultReadTimeout = 3 * time.Second

// ConfigTimeout says that a configuration stream was not ended in time. It is
// returned by [ReadConfig] and is told apart with errors.As.
type ConfigTimeout struct {
	After time.Duration
}

// Error says what was waited for and what would have ended the wait.
func (e *ConfigTimeout) Error() string {
	return fmt.Sprintf("read configuration: no end of file within %v; write the INI document and close the stream, or start with </dev/null", e.After)
}

// Timeout makes the error one of those that os.IsTimeout knows.
func (e *ConfigTimeout) Timeout() bool { return true }

// ReadConfig reads a document from r until its end; a timeout of 0 means
// [DefaultReadTimeout]. The error is [Faults], a [ConfigTimeout], the
// context's, or the reader's. An empty stream is an empty document.
//
// When time runs out and r has no SetReadDeadline that works, one goroutine
// stays in r.Read until that returns: close r to end it.
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
		return done.parse()
	case <-timer.C:
		interrupt(r, read)
		return nil, &ConfigTimeout{After: timeout}
	case <-ctx.Done():
		interrupt(r, read)
		return nil, fmt.Errorf("read configuration: %w", context.Cause(ctx))
	}
}

type readResult struct {
	data []byte
	err  error
}

func (r readResult) parse() (*Config, error) {
	if r.err != nil {
		return nil, fmt.Errorf("read configuration: %w", r.err)
	}
	return ParseConfig("stdin", r.data)
}

// interrupt ends the reading goroutine where the stream can be told to.
func interrupt(r io.Reader, read <-chan readResult) {
	stream, ok := r.(interface{ SetReadDeadline(time.Time) error })
	if ok && stream.SetReadDeadline(time.Unix(1, 0)) == nil {
		<-read
	}
}
