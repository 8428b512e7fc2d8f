package initiatortest

import (
	"bytes"
	"runtime"
	"testing"
)

// With returns the same initiator for a subtest: its methods then fail the subtest.
// The initiator still ends at the end of the test that has started it.
func (s *Server) With(t testing.TB) *Server {
	return &Server{lifetime: s.lifetime, t: t, goroutine: goroutineID()}
}

// failTest fails the test, and ends it where the caller is the goroutine of the test.
// FailNow in another goroutine, as that of a parallel subtest, would end the whole
// test binary with a panic.
func (s *Server) failTest(format string, args ...any) {
	s.t.Helper()
	if goroutineID() == s.goroutine {
		s.t.Fatalf(format, args...)
		return
	}
	s.t.Errorf(format+" (a subtest calls the methods of With(t), and is then ended)", args...)
}

// goroutineID returns the number of the calling goroutine.
func goroutineID() string {
	text := make([]byte, 64)
	text = text[:runtime.Stack(text, false)]
	words := bytes.Fields(text) // "goroutine 18 [running]: …"
	if len(words) < 2 {
		return ""
	}
	return string(words[1])
}
