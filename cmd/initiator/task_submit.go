package main

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator/client"
)

func (a *app) taskSubmitCommand() *cobra.Command {
	var flags requestFlags
	cmd := &cobra.Command{
		Use: "submit POOL[.METHOD] [DATA]", Short: "Queue a task and print its id",
		Long: "Queue a task and print its id. DATA is JSON, - for standard input, or @FILE; without\nit the data is null. With a JSON value in each line of standard input, each line is\na task.",
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
	a.AddReconnectFlag(cmd.Flags())
	return cmd
}

// submitFault says why the initiator has not accepted a task. The pool is the
// object of the error, unless the pool does not exist.
func submitFault(pool string, err error) error {
	var e *client.Error
	if !errors.As(err, &e) {
		return cli.PrefixError(pool, err)
	}
	answer := *e
	answer.Message = strings.TrimPrefix(e.Message, "submit: ")
	if e.Status == http.StatusNotFound {
		return &answer
	}
	return cli.PrefixError(pool, &answer)
}
