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
		Long: `Write every task as a line of JSON, in the order of their submit, to FILE or
without it to standard output: those of the initiator that runs, or where none
does those in its state directory. ` + "`task import`" + ` reads them.

What stands in data, results and callback URLs is in FILE too, which is made for
its owner alone. The secrets that sign callbacks, and tokens, are not.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || args[0] == "-" {
				_, err := a.exportTo(cmd, a.Out)
				return err
			}
			return a.exportFile(cmd, args[0])
		},
	}
}

// exportFile makes a file of all tasks, or none: half of them would pass for
// all. One that is there may be the only copy of something.
func (a *app) exportFile(cmd *cobra.Command, name string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return cli.NewFault(cli.ExitUsage, fmt.Errorf("%s exists, and is left as it is", name), "name another file, or remove this one")
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
	return a.Out.WriteLines(fmt.Sprintf("%s are in %s", terminal.Plural(n, "task"), name))
}

// exportTo writes the tasks of the initiator that runs, or those that are
// stored where none does.
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

// withTasks speaks to the initiator that runs, or opens its tasks where none
// does.
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

// newlineCounter counts the lines that go through it.
type newlineCounter struct {
	to io.Writer
	n  int
}

// Write implements io.Writer.
func (c *newlineCounter) Write(p []byte) (int, error) {
	c.n += bytes.Count(p, []byte("\n"))
	return c.to.Write(p)
}
