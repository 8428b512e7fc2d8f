package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator"
	"initiator/internal/backup"
	"initiator/internal/statedir"
)

const restoreLong = `Put a backup from FILE, or from standard input (-), into the state directory. The
directory must be empty; only its token and lock may exist. Nothing of a backup that
is incomplete or damaged is left in it.

The tasks are then as they were at the time of the backup. The next initiator runs
queued tasks, and runs again those that were running then or that ended later. Tasks
that were submitted later are missing. Without a file token in the directory, the
API gets a new token. status shows that the directory was restored until
task check --accept.`

func (a *app) restoreCommand() *cobra.Command {
	return &cobra.Command{
		Use: "restore FILE", Short: "Put a backup into an empty state directory", Long: restoreLong,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			in := a.In
			if args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return cli.UsageFault(fmt.Errorf("read the backup: %w", err))
				}
				defer func() { _ = f.Close() }() // it was only read
				in = f
			}
			dir, err := a.StateDirectory()
			if err != nil {
				return err
			}
			return a.restoreTo(dir, args[0], in)
		},
	}
}

// restoreTo fills a state directory.
func (a *app) restoreTo(dir, name string, in io.Reader) error {
	state, err := statedir.OpenForRestore(dir, initiator.Version)
	if err != nil {
		return err
	}
	defer state.Close()
	m, err := backup.Restore(in, dir)
	if err != nil {
		return restoreFault(name, err)
	}
	if a.Format.JSON {
		return a.Out.WriteJSON(restoreRow{StateDir: dir, At: m.At, Files: len(m.Files), Size: m.TotalSize()})
	}
	return a.Out.WriteLines(
		fmt.Sprintf("restored %s from the backup of %s (%d bytes)", dir, m.At.Local().Format(time.DateTime), m.TotalSize()),
		"tasks that were running then, or ended later, will run again; `initiator up` starts the workers",
	)
}

// restoreRow is a restored state directory in JSON.
type restoreRow struct {
	StateDir string    `json:"state_dir"`
	At       time.Time `json:"at"`
	Files    int       `json:"files"`
	Size     int64     `json:"size"`
}

// restoreFault names the backup or the directory, and says what to do.
func restoreFault(name string, err error) error {
	var full *backup.NotEmptyError
	var damage *backup.DamageError
	switch {
	case errors.As(err, &full):
		return cli.NewFault(cli.ExitUsage, err, "move its content away, or name another directory with --state-dir")
	case errors.Is(err, backup.ErrCut), errors.As(err, &damage):
		return cli.NewFault(cli.ExitFailed, cli.PrefixError(name, err), "take another backup; the state directory is as it was")
	case errors.Is(err, backup.ErrForeign):
		return cli.NewFault(cli.ExitUsage, cli.PrefixError(name, err), "`initiator task import` reads what `task export` has written")
	}
	return fmt.Errorf("restore %s: %w", name, err)
}
