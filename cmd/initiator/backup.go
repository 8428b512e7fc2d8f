package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator"
	"initiator/initiator/client"
	"initiator/internal/backup"
	"initiator/internal/queue"
)

const backupLong = `Write a backup of the state directory to FILE, or to standard output (-), while the
initiator runs and also while it does not. The backup has every task that was
acknowledged before the command began, the paused pools, and the ticks of the
schedules. It is a tar file, compressed when FILE ends in .gz or .tgz.

FILE gets its name when the backup is complete, checked and on the disk. It never
replaces another file, and only its owner can read it: it contains the data, results
and callback URLs of the tasks. It does not contain the API's token, the INI, the
logs, and the state of workers.

initiator restore puts a backup into an empty state directory.`

func (a *app) backupCommand() *cobra.Command {
	return &cobra.Command{
		Use: "backup FILE", Short: "Write a backup of the state directory", Long: backupLong,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] != "-" {
				return a.backupFile(cmd, args[0])
			}
			if a.Out.IsTerminal() {
				return cli.NewFault(cli.ExitUsage, errors.New("standard output is a terminal, and a backup is not text"), "name a file, or send the output to a program: `initiator backup - | …`")
			}
			return a.backupTo(cmd, a.Out)
		},
	}
}

// backupTo writes a backup of the running initiator, or of the state directory where
// none runs.
func (a *app) backupTo(cmd *cobra.Command, w io.Writer) error {
	return a.WithOptionalClient(cmd, func(ctx context.Context, c *client.Client) error {
		if c != nil {
			return c.Backup(ctx, w)
		}
		dir, err := a.StateDirectory()
		if err != nil {
			return err
		}
		return initiator.OpenTasks(dir, func(q *queue.Engine) error {
			return backup.WriteState(contextWriter{ctx, w}, dir, initiator.Version, q.Snapshot)
		})
	})
}

// contextWriter is a writer that fails once its context has ended.
type contextWriter struct {
	ctx context.Context
	to  io.Writer
}

// Write implements io.Writer.
func (w contextWriter) Write(p []byte) (int, error) {
	if w.ctx.Err() != nil {
		return 0, context.Cause(w.ctx)
	}
	return w.to.Write(p)
}

// backupFile writes a backup to a new file. Until it is complete, the file has
// another name.
func (a *app) backupFile(cmd *cobra.Command, name string) error {
	if _, err := os.Lstat(name); err == nil {
		return cli.NewFault(cli.ExitUsage, fmt.Errorf("%s exists already", name), "name another file, or remove this one")
	}
	unfinished := name + ".new"
	f, err := os.OpenFile(unfinished, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return cli.NewFault(cli.ExitUsage, fmt.Errorf("%s exists already: another backup writes it, or did not complete it", unfinished), "when no backup is being written, remove it")
	}
	if err != nil {
		return cli.UsageFault(fmt.Errorf("write the backup: %w", err))
	}
	m, size, err := a.fillFile(cmd, f)
	if err = errors.Join(err, f.Close()); err == nil {
		err = renameNew(unfinished, name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(unfinished))
	}
	if a.Format.JSON {
		return a.Out.WriteJSON(backupRow{File: name, Size: size, At: m.At})
	}
	return a.Out.WriteLines(fmt.Sprintf("wrote the backup of %s to %s (%d bytes)", m.At.Local().Format(time.DateTime), name, size))
}

// backupRow is a written backup in JSON.
type backupRow struct {
	File string    `json:"file"`
	Size int64     `json:"size"`
	At   time.Time `json:"at"`
}

// fillFile writes a backup to an empty file, waits for the disk, and reads the file
// again to check it.
func (a *app) fillFile(cmd *cobra.Command, f *os.File) (m backup.Manifest, size int64, err error) {
	if strings.HasSuffix(f.Name(), ".gz.new") || strings.HasSuffix(f.Name(), ".tgz.new") {
		zip := gzip.NewWriter(f)
		err = a.backupTo(cmd, zip)
		if err == nil {
			err = zip.Close()
		}
	} else {
		err = a.backupTo(cmd, f)
	}
	if err != nil {
		return m, 0, err
	}
	if err := f.Sync(); err != nil {
		return m, 0, err
	}
	if size, err = f.Seek(0, io.SeekEnd); err != nil {
		return m, 0, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return m, 0, err
	}
	if m, err = backup.Verify(f); err != nil {
		return m, 0, fmt.Errorf("check the backup that was written: %w", err)
	}
	return m, size, nil
}

// renameNew gives a file its name, and waits until the name is on the disk.
func renameNew(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
