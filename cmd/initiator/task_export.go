package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator"
	"initiator/initiator/client"
	"initiator/internal/queue"
)

func (a *app) taskExportCommand() *cobra.Command {
	return &cobra.Command{
		Use: "export [FILE]", Short: "Write every task as a line of JSON",
		Long: `Write every task as a line of JSON, in the order of submission, to FILE or standard
output: the tasks of the running initiator, or where none runs the tasks in its
state directory. ` + "`task import`" + ` reads them.

FILE contains the data, results and callback URLs of the tasks; only its owner can
read it. It does not contain tokens and the secrets that sign callbacks.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || args[0] == "-" {
				out := a.Out.OutputWriter()
				_, err := a.exportTo(cmd, out)
				return errors.Join(err, out.Flush())
			}
			return a.exportFile(cmd, args[0])
		},
	}
}

// exportFile writes all tasks to a new file. On an error it removes the file:
// an incomplete file would pass for a complete one. It never overwrites a file,
// which may be the only copy of the tasks.
func (a *app) exportFile(cmd *cobra.Command, name string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return cli.NewFault(cli.ExitUsage, fmt.Errorf("%s exists already", name), "name another file, or remove this one")
	}
	if err != nil {
		return cli.UsageFault(fmt.Errorf("write the tasks: %w", err))
	}
	n, err := a.exportTo(cmd, f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return a.Out.WriteLines(fmt.Sprintf("wrote %s to %s", terminal.Plural(n, "task"), name))
}

// exportTo writes the tasks of the running initiator, or the stored tasks where
// none runs.
func (a *app) exportTo(cmd *cobra.Command, w io.Writer) (n int, err error) {
	err = a.withTasks(cmd, func(ctx context.Context, c *client.Client) error {
		n, err = c.ExportTasks(ctx, w)
		return err
	}, func(q *queue.Engine) error {
		lines := &newlineCounter{to: w}
		err := q.ExportTasks(lines)
		n = lines.n
		return err
	})
	return n, err
}

// withTasks calls online with the running initiator, or offline with the stored
// tasks where none runs.
func (a *app) withTasks(cmd *cobra.Command, online func(context.Context, *client.Client) error, offline func(*queue.Engine) error) error {
	return a.WithOptionalClient(cmd, func(ctx context.Context, c *client.Client) error {
		if c != nil {
			return online(ctx, c)
		}
		dir, err := a.StateDirectory()
		if err != nil {
			return err
		}
		return initiator.OpenTasks(dir, offline)
	})
}

// newlineCounter counts the lines that are written through it.
type newlineCounter struct {
	to io.Writer
	n  int
}

// Write implements io.Writer.
func (c *newlineCounter) Write(p []byte) (int, error) {
	c.n += bytes.Count(p, []byte("\n"))
	return c.to.Write(p)
}
