package logs

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"initiator/internal/trustedpath"
)

// TestLinkOfAnotherUserIsNotRead: a worker of another user could otherwise have
// `initiator logs` show any file, or wait for ever at a fifo.
func TestLinkOfAnotherUserIsNotRead(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make a link of another user")
	}
	dir := t.TempDir()
	secret, link, fifo := filepath.Join(dir, "secret"), filepath.Join(dir, "out.log"), filepath.Join(dir, "fifo")
	add(t, secret, "secret\n")
	if err := errors.Join(os.Symlink(secret, link), os.Lchown(link, 54_321, 54_321), syscall.Mkfifo(fifo, 0o666)); err != nil {
		t.Fatal(err)
	}
	var lines []Line
	collect := func(l []Line) error { lines = append(lines, l...); return nil }
	if err := Read(t.Context(), []Source{{Path: link}}, Query{}, collect); !trustedpath.IsRefusal(err) {
		t.Errorf("the link: %v", err)
	}
	if err := Read(t.Context(), []Source{{Path: fifo}}, Query{}, collect); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the fifo: %v", err)
	}
	if len(lines) > 0 {
		t.Errorf("read %d lines, first %q", len(lines), lines[0].Text)
	}
}
