package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"initiator/initiator/client"
	"initiator/internal/queue"
)

func (a *app) taskCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "task", Short: "Submit tasks, and see what became of them",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		a.taskSubmitCommand(), a.taskWaitCommand(), a.taskListCommand(),
		a.taskVerb("get", "Show a task with its attempts", a.showTask, (*client.Client).Task),
		a.taskVerb("cancel", "End a task, or ask its worker to", a.showState, (*client.Client).Cancel),
		a.taskRetryCommand(), a.taskExportCommand(), a.taskImportCommand(),
	)
	return cmd
}

// WithClient does something with the initiator that runs, until a signal ends it.
func (a *app) WithClient(cmd *cobra.Command, do func(context.Context, *client.Client) error) error {
	c, err := a.Connect()
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, _, stop := CatchSignals(cmd.Context(), EndingSignals...)
	defer stop()
	return do(ctx, c)
}

// WithOptionalClient does something with the initiator that runs, until a signal ends it;
// where none runs the client is nil.
func (a *app) WithOptionalClient(cmd *cobra.Command, do func(context.Context, *client.Client) error) error {
	ctx, _, stop := CatchSignals(cmd.Context(), EndingSignals...)
	defer stop()
	c, err := a.ConnectIfRunning(ctx)
	if err != nil {
		return err
	}
	if c != nil {
		defer c.Close()
	}
	return do(ctx, c)
}

// taskVerb is a verb that asks for one task and shows it.
func (a *app) taskVerb(verb, short string, show func(task.Task) error, do func(*client.Client, context.Context, uuid.UUID) (task.Task, error)) *cobra.Command {
	return &cobra.Command{
		Use: verb + " ID", Short: short, Args: cobra.ExactArgs(1), ValidArgsFunction: a.CompleteTasks,
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseTaskID(args[0])
			if err != nil {
				return err
			}
			return a.WithClient(cmd, func(ctx context.Context, c *client.Client) error {
				t, err := do(c, ctx, id)
				if err != nil {
					return taskFault(err)
				}
				return show(t)
			})
		},
	}
}

func (a *app) taskSubmitCommand() *cobra.Command {
	var flags requestFlags
	cmd := &cobra.Command{
		Use: "submit POOL[.METHOD] [DATA]", Short: "Queue a task and print its id",
		Long: "Queue a task and print its id. DATA is JSON, - for standard input, or @FILE;\nwithout it the data is null.\nWith a JSON value in each line of standard input, each is a task.",
		Args: cobra.RangeArgs(1, 2), ValidArgsFunction: a.CompletePools,
		RunE: func(cmd *cobra.Command, args []string) error {
			q, many, err := flags.readRequests(args, a.In)
			if err != nil {
				return err
			}
			return a.WithClient(cmd, func(ctx context.Context, c *client.Client) error {
				if many != nil {
					return a.submitMany(ctx, c, q, many)
				}
				t, err := c.Submit(ctx, q)
				if err != nil {
					return submitFault(q.Pool, err)
				}
				if a.Format.JSON {
					return a.Out.WriteJSON(t)
				}
				return a.Out.WriteLines(t.ID.String())
			})
		},
	}
	flags.addFlags(cmd.Flags())
	return cmd
}

func (a *app) taskWaitCommand() *cobra.Command {
	var patience DurationFlag
	var output bool
	cmd := &cobra.Command{
		Use: "wait ID", Short: "Wait for the end of a task and print its result",
		Long: "Wait for the end of a task and print its result. The exit codes are those of run.",
		Args: cobra.ExactArgs(1), ValidArgsFunction: a.CompleteTasks,
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseTaskID(args[0])
			if err != nil {
				return err
			}
			return a.WithClient(cmd, func(ctx context.Context, c *client.Client) error {
				if patience.Given {
					limited, stop := context.WithTimeoutCause(ctx, patience.Value, errWaitOver)
					defer stop()
					ctx = limited
				}
				t, err := a.followTask(ctx, c, id, output)
				if err != nil {
					return taskFault(addTaskState(c, id, err))
				}
				return a.printOutcome(t)
			})
		},
	}
	cmd.Flags().Var(&patience, "wait", "how long to wait")
	cmd.Flags().BoolVarP(&output, "follow", "f", false, "show on stderr what the task writes")
	return cmd
}

func (a *app) taskListCommand() *cobra.Command {
	var f task.Filter
	var state string
	cmd := &cobra.Command{
		Use: "list", Short: "List tasks, newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.State = task.State(state)
			return a.WithClient(cmd, func(ctx context.Context, c *client.Client) error {
				tasks, err := c.List(ctx, f)
				if err != nil {
					return err
				}
				if a.Format.JSON {
					return a.Out.WriteJSON(map[string]any{"tasks": tasks})
				}
				return taskTable(tasks, time.Now()).PrintTo(a.Out)
			})
		},
	}
	cmd.Flags().StringVar(&f.Pool, "pool", "", "only those of this `POOL`")
	cmd.Flags().StringVar(&state, "state", "", "only those in this `STATE`: queued, running, completed, failed, cancelled or dead")
	cmd.Flags().IntVar(&f.Limit, "limit", 100, "at most so many")
	return cmd
}

// parseTaskID reads a task's id.
func parseTaskID(text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return id, &Fault{ExitUsage, fmt.Errorf("%q is not the id of a task", text), "`initiator task list` shows the ids"}
	}
	return id, nil
}

// taskFault tells an unknown task, which is a failure, from an unknown pool.
func taskFault(err error) error {
	var e *client.Error
	if errors.As(err, &e) && (e.Status == http.StatusNotFound || e.Status == http.StatusConflict) {
		return &Fault{ExitFailed, errors.New(strings.TrimPrefix(e.Message, "wait for ")), "`initiator task list` shows what there is"}
	}
	return err
}
