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

// talk does something with the initiator that runs, until a signal ends it.
func (a *app) talk(cmd *cobra.Command, do func(context.Context, *client.Client) error) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, _, stop := heed(cmd.Context(), ending...)
	defer stop()
	return do(ctx, c)
}

// perhaps does something with the initiator that runs, until a signal ends it;
// where none runs the client is nil.
func (a *app) perhaps(cmd *cobra.Command, do func(context.Context, *client.Client) error) error {
	ctx, _, stop := heed(cmd.Context(), ending...)
	defer stop()
	c, err := a.running(ctx)
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
		Use: verb + " ID", Short: short, Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeTasks,
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := idOf(args[0])
			if err != nil {
				return err
			}
			return a.talk(cmd, func(ctx context.Context, c *client.Client) error {
				t, err := do(c, ctx, id)
				if err != nil {
					return noTask(err)
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
		Args: cobra.RangeArgs(1, 2), ValidArgsFunction: a.completePools,
		RunE: func(cmd *cobra.Command, args []string) error {
			q, many, err := flags.requests(args, a.in)
			if err != nil {
				return err
			}
			return a.talk(cmd, func(ctx context.Context, c *client.Client) error {
				if many != nil {
					return a.submitMany(ctx, c, q, many)
				}
				t, err := c.Submit(ctx, q)
				if err != nil {
					return refused(q.Pool, err)
				}
				if a.format.json {
					return a.out.json(t)
				}
				return a.out.lines(t.ID.String())
			})
		},
	}
	flags.add(cmd.Flags())
	return cmd
}

func (a *app) taskWaitCommand() *cobra.Command {
	var patience span
	var output bool
	cmd := &cobra.Command{
		Use: "wait ID", Short: "Wait for the end of a task and print its result",
		Long: "Wait for the end of a task and print its result. The exit codes are those of run.",
		Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeTasks,
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := idOf(args[0])
			if err != nil {
				return err
			}
			return a.talk(cmd, func(ctx context.Context, c *client.Client) error {
				if patience.set {
					limited, stop := context.WithTimeoutCause(ctx, patience.d, errPatience)
					defer stop()
					ctx = limited
				}
				t, err := a.follow(ctx, c, id, output)
				if err != nil {
					return noTask(asItWas(c, id, err))
				}
				return a.tell(t)
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
			return a.talk(cmd, func(ctx context.Context, c *client.Client) error {
				tasks, err := c.List(ctx, f)
				if err != nil {
					return err
				}
				if a.format.json {
					return a.out.json(map[string]any{"tasks": tasks})
				}
				return taskTable(tasks, time.Now()).print(a.out)
			})
		},
	}
	cmd.Flags().StringVar(&f.Pool, "pool", "", "only those of this `POOL`")
	cmd.Flags().StringVar(&state, "state", "", "only those in this `STATE`: queued, running, completed, failed, cancelled or dead")
	cmd.Flags().IntVar(&f.Limit, "limit", 100, "at most so many")
	return cmd
}

// idOf reads a task's id.
func idOf(text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return id, &fault{exitUsage, fmt.Errorf("%q is not the id of a task", text), "`initiator task list` shows the ids"}
	}
	return id, nil
}

// noTask tells an unknown task, which is a failure, from an unknown pool.
func noTask(err error) error {
	var e *client.Error
	if errors.As(err, &e) && (e.Status == http.StatusNotFound || e.Status == http.StatusConflict) {
		return &fault{exitFailed, errors.New(strings.TrimPrefix(e.Message, "wait for ")), "`initiator task list` shows what there is"}
	}
	return err
}
