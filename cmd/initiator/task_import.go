package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/client"
	"initiator/internal/bounds"
	"initiator/internal/ndjson"
	"initiator/internal/queue"
)

func (a *app) taskImportCommand() *cobra.Command {
	return &cobra.Command{
		Use: "import FILE", Short: "Import tasks that export has written",
		Long: `Import the tasks that ` + "`task export`" + ` has written to FILE, or to standard
input (-): into the running initiator, or where none runs into its state directory.
An existing task stays unchanged, so the same file can be imported again. A refused
line is reported with its number; the other lines are imported.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in := a.In
			if args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return cli.UsageFault(fmt.Errorf("read the tasks: %w", err))
				}
				defer func() { _ = f.Close() }() // it was only read
				in = f
			}
			return a.importFrom(cmd, in)
		},
	}
}

// importFrom imports the lines and prints the counts.
func (a *app) importFrom(cmd *cobra.Command, in io.Reader) error {
	i := taskImporter{screen: a.Err}
	err := a.withTasks(cmd, func(ctx context.Context, c *client.Client) error {
		return i.sendLines(ctx, c, in)
	}, func(q *queue.Engine) (err error) {
		i.n, err = q.ImportLines(in, i.printRefusal)
		return err
	})
	switch {
	case err != nil && i.n == (queue.ImportCounts{}):
	case a.Format.JSON:
		_ = a.Out.WriteJSON(i.n) // Report returns the error of the screen
	default:
		_ = a.Out.WriteLines(fmt.Sprintf("%s: %d added, %d known, %d refused", terminal.Plural(i.n.Added+i.n.Known+i.n.Refused, "task"), i.n.Added, i.n.Known, i.n.Refused))
	}
	if err == nil && i.n.Refused > 0 {
		return cli.ExitWith(cli.ExitFailed)
	}
	return err
}

// taskImporter sends lines to an initiator, and counts the answers.
type taskImporter struct {
	screen *terminal.Screen
	n      queue.ImportCounts
}

// printRefusal prints why a line was refused.
func (i *taskImporter) printRefusal(line int, why error) {
	_ = i.screen.WriteLines(fmt.Sprintf("line %d: %s", line, terminal.OneLine(why.Error()))) // without stderr there is no place to report it
}

// sendLines sends the lines in batches.
func (i *taskImporter) sendLines(ctx context.Context, c *client.Client, in io.Reader) error {
	lines := ndjson.NewReader(in, bounds.ImportLine)
	for more := true; more; {
		var some [][]byte
		var numbers []int
		for size := 0; more && len(some) < maxBatchLines && size < maxBatchBytes; {
			line, err := lines.NextLine()
			switch {
			case errors.Is(err, io.EOF):
				more = false
			case errors.Is(err, ndjson.ErrTooLong):
				i.n.Refused++
				i.printRefusal(lines.LineNumber(), err)
			case err != nil:
				return errors.Join(fmt.Errorf("read line %d: %w", lines.LineNumber()+1, err), i.sendBatch(ctx, c, some, numbers))
			default:
				some, numbers = append(some, line), append(numbers, lines.LineNumber())
				size += len(line)
			}
		}
		if err := i.sendBatch(ctx, c, some, numbers); err != nil {
			return err
		}
	}
	return nil
}

// sendBatch sends lines with these numbers in one request.
func (i *taskImporter) sendBatch(ctx context.Context, c *client.Client, some [][]byte, numbers []int) error {
	got, err := c.ImportTasks(ctx, some)
	for at, v := range got {
		switch {
		case errors.Is(v.Err, &client.Error{Status: http.StatusServiceUnavailable}):
			return cli.PrefixError(fmt.Sprintf("line %d", numbers[at]), v.Err)
		case v.Err != nil:
			i.n.Refused++
			i.printRefusal(numbers[at], v.Err)
		case v.Task.Known:
			i.n.Known++
		default:
			i.n.Added++
		}
	}
	return err
}
