package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/supervisorctl"
	"initiator/initiator/client"
	"initiator/initiator/report"
)

const signalLong = `Send a signal, by name or number, to workers. As stopasgroup of the definition says,
it reaches the main process of a worker alone, or the main process and its process
group; --main and --group choose. The key's default is the group while the main
process is a shell, else the main process.

A worker that the signal ends is restarted as after any other exit.`

func (a *app) signalCommand() *cobra.Command {
	var group, main bool
	cmd := &cobra.Command{
		Use: "signal SIGNAL NAME…|all", Short: "Send a signal to workers", Long: signalLong,
		Args: cobra.MinimumNArgs(2), ValidArgsFunction: a.CompleteSignal,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !isSignal(args[0]) {
				return cli.UsageFault(fmt.Errorf("there is no signal %s; write a name such as HUP or USR1, or a number", args[0]))
			}
			if group && main {
				return cli.UsageFault(errors.New("--group and --main exclude each other"))
			}
			return a.signalWorkers(cmd, args, signalTarget(group, main))
		},
	}
	cmd.Flags().BoolVar(&group, "group", false, "send it to the process groups of the workers")
	cmd.Flags().BoolVar(&main, "main", false, "send it to the main processes of the workers alone")
	return cmd
}

func signalTarget(group, main bool) report.SignalTarget {
	switch {
	case group:
		return report.SignalGroup
	case main:
		return report.SignalMain
	}
	return report.SignalByRule
}

func (a *app) signalWorkers(cmd *cobra.Command, args []string, to report.SignalTarget) error {
	return a.WithClient(cmd, func(ctx context.Context, c *client.Client) error {
		all, err := c.Workers(ctx)
		if err != nil {
			return err
		}
		if err := c.SignalTo(ctx, to, args[0], cli.ExpandNames(all, args[1:])...); err != nil {
			return err
		}
		if a.Format.JSON {
			return a.Out.WriteJSON(map[string]any{"signal": args[0], "names": args[1:]})
		}
		return supervisorctl.PrintSignalled(a.App, all, args[1:])
	})
}

// isSignal reports whether text names a signal: HUP, SIGHUP, hup or 1.
func isSignal(text string) bool {
	if n, err := strconv.Atoi(text); err == nil {
		return n > 0 && n <= 64
	}
	return unix.SignalNum("SIG"+strings.TrimPrefix(strings.ToUpper(text), "SIG")) != 0
}
