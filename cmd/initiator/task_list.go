package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/client"
	"initiator/initiator/task"
)

const taskListLong = `List tasks, newest first. When there are more than --limit, the last line on
standard error says how many, and how the list goes on. The list has no data,
results and progress of tasks; with -o json, --data adds them.`

func (a *app) taskListCommand() *cobra.Command {
	var f task.Filter
	var state string
	cmd := &cobra.Command{
		Use: "list", Short: "List tasks, newest first", Long: taskListLong, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.State = task.State(state)
			switch {
			case f.Limit < 1:
				return cli.UsageFault(fmt.Errorf("--limit %d: write a number of tasks from 1", f.Limit))
			case f.Data && !a.Format.JSON:
				return cli.UsageFault(errors.New("--data is for -o json; `initiator task get ID` shows one task"))
			}
			return a.WithClient(cmd, func(ctx context.Context, c *client.Client) error {
				if a.Format.JSON {
					return writeTaskList(ctx, c, f, a.Out)
				}
				return a.showTaskList(ctx, c, f)
			})
		},
	}
	cmd.Flags().StringVar(&f.Pool, "pool", "", "only the tasks of this `POOL`")
	cmd.Flags().StringVar(&state, "state", "", "only the tasks in this `STATE`: queued, running, completed, failed, cancelled or dead")
	cmd.Flags().IntVar(&f.Limit, "limit", 100, "show at most `N` tasks")
	cmd.Flags().StringVar(&f.After, "after", "", "go on after this `PLACE`, which the end of a list names")
	cmd.Flags().BoolVar(&f.Data, "data", false, "with -o json: also the data, the result and the progress of each task")
	return cmd
}

// listStep is the number of tasks that one request asks for.
const listStep = 1000

// eachListed calls each with at most f.Limit tasks, page by page. The page that it
// returns says whether there are more.
func eachListed(ctx context.Context, c *client.Client, f task.Filter, each func(task.Task) error) (page task.Page, shown int, err error) {
	for left := f.Limit; ; left = f.Limit - shown {
		next := f
		next.Limit = min(left, listStep)
		page, err = c.EachOnPage(ctx, next, func(t task.Task) error {
			shown++
			return each(t)
		})
		if f.After = page.Next; err != nil || f.After == "" || shown >= f.Limit {
			return page, shown, err
		}
	}
}

// showTaskList prints the table of tasks, and how the list goes on.
func (a *app) showTaskList(ctx context.Context, c *client.Client, f task.Filter) error {
	var tasks []task.Task
	page, shown, err := eachListed(ctx, c, f, func(t task.Task) error {
		tasks = append(tasks, t)
		return nil
	})
	if err != nil {
		return err
	}
	if err := taskTable(tasks, time.Now()).PrintTo(a.Out); err != nil || page.Next == "" {
		return err
	}
	_, err = fmt.Fprintf(a.Err, "%d of %d tasks are listed; for the next ones add --after %s\n", shown, page.Total, page.Next)
	return err
}

// writeTaskList writes the tasks as one JSON document, each as it arrives.
func writeTaskList(ctx context.Context, c *client.Client, f task.Filter, to io.Writer) error {
	separator := `{"tasks":[`
	page, _, err := eachListed(ctx, c, f, func(t task.Task) error {
		line, err := encodeLine(t)
		if err != nil {
			return err
		}
		_, err = to.Write(append([]byte(separator), line...))
		separator = ","
		return err
	})
	if err != nil {
		return err
	}
	if separator == "," {
		separator = ""
	}
	end, err := encodeLine(struct {
		Next  string `json:"next,omitempty"`
		Total int    `json:"total"`
	}{page.Next, page.Total})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(to, "%s],%s\n", separator, end[1:])
	return err
}

// encodeLine encodes a value, and leaves a < in its texts as it is.
func encodeLine(v any) ([]byte, error) {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	err := out.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// taskTable returns the table of tasks.
func taskTable(tasks []task.Task, now time.Time) terminal.Table {
	t := terminal.Table{
		Head: []string{"ID", "POOL", "STATE", "ATTEMPT", "AGE", "REASON"}, Optional: []int{3, 4, 5, 1},
		Colour: func(column int, cell string) string {
			if column != 2 {
				return ""
			}
			return terminal.StateColour(cell)
		},
	}
	for _, x := range tasks {
		t.Rows = append(t.Rows, []string{
			x.ID.String(), cli.TaskTarget(x), string(x.State), attemptText(x), terminal.FormatElapsed(now.Sub(x.Submitted)), x.Reason,
		})
	}
	return t
}

// attemptText returns "2/3" for the second of three attempts.
func attemptText(t task.Task) string {
	return strconv.Itoa(t.Attempt) + "/" + strconv.Itoa(t.Policy.Attempts)
}
