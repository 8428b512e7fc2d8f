package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/supervisorctl"
	"initiator/initiator/client"
)

func (a *app) signalCommand() *cobra.Command {
	return &cobra.Command{
		Use: "signal SIGNAL NAME…|all", Short: "Send a signal to the process groups of workers",
		Long: "Send a signal, by name or number, to the process groups of workers. A worker that\nthe signal ends is restarted as after any other exit.",
		Args: cobra.MinimumNArgs(2), ValidArgsFunction: a.CompleteSignal,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !isSignal(args[0]) {
				return cli.UsageFault(fmt.Errorf("there is no signal %s; write a name such as HUP or USR1, or a number", args[0]))
			}
			return a.WithClient(cmd, func(ctx context.Context, c *client.Client) error {
				all, err := c.Workers(ctx)
				if err != nil {
					return err
				}
				if err := c.Signal(ctx, args[0], cli.ExpandNames(all, args[1:])...); err != nil {
					return err
				}
				if a.Format.JSON {
					return a.Out.WriteJSON(map[string]any{"signal": args[0], "names": args[1:]})
				}
				return supervisorctl.PrintSignalled(a.App, all, args[1:])
			})
		},
	}
}

// isSignal reports whether text names a signal: HUP, SIGHUP, hup or 1.
func isSignal(text string) bool {
	if n, err := strconv.Atoi(text); err == nil {
		return n > 0 && n <= 64
	}
	return unix.SignalNum("SIG"+strings.TrimPrefix(strings.ToUpper(text), "SIG")) != 0
}
