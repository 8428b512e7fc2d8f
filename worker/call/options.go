package call

import (
	"errors"
	"fmt"
	"time"

	"initiator/internal/contentcoding"
)

// DefaultTimeout is the time limit of one attempt at a call. It is toto's.
const DefaultTimeout = 10 * time.Second

// Option changes how calls are made: every call of a pool, in
// [Options].Defaults, or a single call.
type Option func(*settings) error

// settings are what options set.
type settings struct {
	timeout time.Duration // of one attempt; negative = none
	retries int
	codec   Codec
	coding  string
	bearer  func(address string) string // nil = no token
}

func (s *settings) applyOptions(options []Option) error {
	for _, apply := range options {
		if err := apply(s); err != nil {
			return err
		}
	}
	return nil
}

// WithTimeout limits the time of each attempt at a call. A negative duration
// means no limit. Zero is an error, because toto has two meanings for it.
func WithTimeout(d time.Duration) Option {
	return func(s *settings) error {
		if d == 0 {
			return errors.New("a timeout of 0: give a time, or a negative one for no timeout")
		}
		s.timeout = d
		return nil
	}
}

// WithRetries sets how many times a call is attempted again, at the next
// address, after a timeout or a broken connection. The default is 0. With
// retries a method may run more than once, because the worker that did not
// answer may have run it. A call that certainly did not run (the connection was
// refused, or the worker had no free slot) is offered once to each other
// address without using a retry.
func WithRetries(n int) Option {
	return func(s *settings) error {
		if n < 0 {
			return fmt.Errorf("%d retries: use 0 or more", n)
		}
		s.retries = n
		return nil
	}
}

// WithCodec sets the serialization of calls and results. The default is [JSON].
func WithCodec(c Codec) Option {
	return func(s *settings) error {
		if c == nil {
			return errors.New("no codec is given; call.JSON is one")
		}
		s.codec = c
		return nil
	}
}

// WithCompression compresses calls with "gzip" or "zstd", and asks the worker
// to compress its answers in the same way. The default is "none".
func WithCompression(coding string) Option {
	return func(s *settings) error {
		switch coding {
		case contentcoding.None, contentcoding.Gzip, contentcoding.Zstd:
			s.coding = coding
			return nil
		}
		return fmt.Errorf("compression %q: use none, gzip or zstd", coding)
	}
}

// WithBearer sets the function that returns the token of a worker, or "" for
// none. The pool calls it for every attempt, because a worker has a new token
// in every incarnation.
func WithBearer(token func(address string) string) Option {
	return func(s *settings) error {
		s.bearer = token
		return nil
	}
}
