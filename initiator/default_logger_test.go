package initiator_test

import (
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"initiator/initiator"
)

// lineChannel passes on the lines that are written to it.
type lineChannel chan string

// Write implements io.Writer.
func (c lineChannel) Write(b []byte) (int, error) {
	select {
	case c <- string(b):
	default: // the test has read what it wants
	}
	return len(b), nil
}

// Without a logger, a command that does not exist is a warning on slog.Default(). The
// test is not parallel, because slog.Default is the default of all tests.
func TestWarningsWithoutLogger(t *testing.T) {
	lines := make(lineChannel, 100)
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(lines, nil)))
	in, err := initiator.New(initiator.Config{
		Path: writeINI(t, "[worker:w]\ncommand = /nonexistent/program\ncontract = off\n"), StateDir: filepath.Join(t.TempDir(), "state"),
	})
	slog.SetDefault(old)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- in.Run(t.Context()) }()
	for {
		select {
		case line := <-lines:
			if strings.Contains(line, "level=INFO") || strings.Contains(line, "level=DEBUG") {
				t.Errorf("more than warnings: %s", line)
			}
			if !strings.Contains(line, "/nonexistent/program") {
				continue
			}
			t.Log(line)
		case err := <-ended:
			t.Fatalf("Run ended without a warning: %v", err)
		}
		break
	}
	if err := in.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}
