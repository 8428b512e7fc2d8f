package initiatortest

import (
	"os"
	"path/filepath"
	"testing"
)

// Start runs an initiator with the INI at path inside the test's own process, until
// the end of the test. It returns when every worker is ready, or has ended as it
// should. It fails the test when a worker does not come up: after three deaths in a
// row, or at once where waiting does not help. A relative path is relative to the
// working directory, which is the directory of the test's package. A test binary that
// is to be a worker itself, as ${initiator:self}, has a TestMain with Main, or uses
// StartHandlers.
func Start(t testing.TB, path string, o ...Option) *Server {
	t.Helper()
	out := &output{}
	options, err := makeOptions(path, out, o)
	if err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	if options.config.StateDir == "" {
		options.config.Mortal = true // no worker may outlive the test
		options.config.StateDir = filepath.Join(t.TempDir(), "state")
	}
	s := &Server{lifetime: &lifetime{path: path, options: options, out: out}, t: t, goroutine: goroutineID()}
	err = s.begin()
	if s.current != nil {
		t.Cleanup(s.endTest)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := s.waitReady(); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return s
}

// StartText is Start with the text of an INI instead of its path.
func StartText(t testing.TB, ini string, o ...Option) *Server {
	t.Helper()
	path := filepath.Join(t.TempDir(), "initiator.ini")
	if err := os.WriteFile(path, []byte(ini), 0o600); err != nil {
		t.Fatal(err)
	}
	return Start(t, path, o...)
}
