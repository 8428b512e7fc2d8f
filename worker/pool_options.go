package worker

import (
	"errors"
	"fmt"
	"time"
)

// DefaultCallTimeout is how long a call of a [Pool] may take (toto's).
const DefaultCallTimeout = 10 * time.Second

// CallOption changes how a call of a [Pool] is made: all of its calls, as one
// of [PoolOptions].Defaults, or a single one.
type CallOption func(*callSettings) error

type callSettings struct {
	timeout time.Duration // of one try; negative = none
	retries int
	codec   Codec
	coding  string
	bearer  func(address string) string
}

func (s *callSettings) apply(options []CallOption) error {
	for _, o := range options {
		if err := o(s); err != nil {
			return err
		}
	}
	return nil
}

// WithTimeout bounds each try of a call. Negative means never; zero is an
// error, because toto has two meanings for it.
func WithTimeout(d time.Duration) CallOption {
	return func(s *callSettings) error {
		if d == 0 {
			return errors.New("a timeout of 0: give a time, or a negative one for no timeout")
		}
		s.timeout = d
		return nil
	}
}

// WithRetries is how often a call is tried again, at the next connection, after
// a timeout or a broken connection. The method may then run more than once:
// the worker that did not answer may have run it. The default is 0. What has
// certainly not run (nobody listens, no free slot) is offered to each other
// connection once in any case.
func WithRetries(n int) CallOption {
	return func(s *callSettings) error {
		if n < 0 {
			return fmt.Errorf("%d retries: use 0 or more", n)
		}
		s.retries = n
		return nil
	}
}

// WithCodec says how calls and results are serialized; the default is [JSON].
func WithCodec(c Codec) CallOption {
	return func(s *callSettings) error {
		if c == nil {
			return errors.New("no codec is given; worker.JSON is one")
		}
		s.codec = c
		return nil
	}
}

// WithCompression compresses calls with "gzip" or "zstd", and asks for the
// same of their answers; "none" is the default.
func WithCompression(coding string) CallOption {
	return func(s *callSettings) error {
		switch coding {
		case codingNone, codingGzip, codingZstd:
			s.coding = coding
			return nil
		}
		return fmt.Errorf("compression %q: use none, gzip or zstd", coding)
	}
}

// WithBearer gives the token of each worker, "" for none. It is called for
// every try, so that a token can change with the worker's incarnation.
func WithBearer(token func(address string) string) CallOption {
	return func(s *callSettings) error {
		s.bearer = token
		return nil
	}
}
