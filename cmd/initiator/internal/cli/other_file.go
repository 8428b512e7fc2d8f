package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/client"
)

// otherFileLimit bounds the question which INI a running initiator has.
const otherFileLimit = 2 * time.Second

// noteConfig tells the user on stderr that the initiator that answers was started with
// another INI. Running is its path.
func (a *App) noteConfig(running string) {
	if text := a.describeOtherFile(running); text != "" {
		_, _ = fmt.Fprintln(a.Err.Detach(), terminal.Printable(text)) // without stderr there is no place to report it
	}
}

// describeOtherFile says that the running initiator has another INI than this command;
// "" = it has the same, or this command has none.
func (a *App) describeOtherFile(running string) string {
	if a.StateDir != "" && a.ConfigPath == "" {
		return ""
	}
	path, err := a.configPath()
	if err != nil || isSameFile(path, running) {
		return ""
	}
	dir, err := a.StateDirectory()
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s: the running initiator was started with %s, and has the same state directory %s; write another state_dir in one of the two", path, running, dir)
}

func isSameFile(a, b string) bool {
	if abs, err := filepath.Abs(a); err == nil && abs == b {
		return true
	}
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// findOtherFile asks the initiator of the state directory, where one runs, for its INI.
// It returns what describeOtherFile says; "" when no initiator answers.
func (a *App) findOtherFile() (text string) {
	socket, err := a.SocketPath()
	if err != nil {
		return ""
	}
	c := client.New(socket, client.ReconnectFor(0), client.NotifyConfig(func(running string) { text = a.describeOtherFile(running) }))
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), otherFileLimit)
	defer cancel()
	_, _ = c.Status(ctx) // without an answer nothing is known
	return text
}

// NameOtherFile tells the user on stderr when the initiator of the state directory was
// started with another INI.
func (a *App) NameOtherFile() {
	if text := a.findOtherFile(); text != "" {
		_, _ = fmt.Fprintln(a.Err.Detach(), terminal.Printable(text)) // without stderr there is no place to report it
	}
}
