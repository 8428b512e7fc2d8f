package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator/client"
	"initiator/initiator/report"
)

func (a *app) scaleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "scale NAME N", Short: "Set the number of workers of a definition",
		Long: "Run N workers of a definition, until a reload changes its replicas. The newest\nworkers are stopped first. scale returns when new workers are ready and superfluous\nworkers are stopped.",
		Args: cobra.ExactArgs(2), ValidArgsFunction: a.CompleteNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := strconv.Atoi(args[1])
			if err != nil || n < 0 {
				return cli.UsageFault(fmt.Errorf("%s: write a number of workers, 0 or more", args[1]))
			}
			return a.WithWaiting(cmd, args[:1], "", func(ctx context.Context, c *client.Client) error {
				all, err := c.Scale(ctx, args[0], n)
				var partly *client.PartialError
				if err != nil && !errors.As(err, &partly) {
					return err
				}
				mine := slices.DeleteFunc(all, func(w report.Worker) bool { return w.Name != args[0] })
				if a.Format.JSON {
					err = a.Out.WriteJSON(map[string]any{"workers": mine})
				} else {
					err = statusTable(mine, time.Now()).PrintTo(a.Out)
				}
				if err != nil {
					return err
				}
				return cli.NotReadyFault(partly)
			})
		},
	}
	a.AddWaitFlag(cmd.Flags())
	return cmd
}
