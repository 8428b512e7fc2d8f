package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"initiator/initiator/api/client"
)

// signalCommand is the verb `signal`; signal.go is about those that we get.
func (a *app) signalCommand() *cobra.Command {
	return &cobra.Command{
		Use: "signal SIGNAL NAME…|all", Short: "Send a signal to the process groups of workers",
		Long: "Send a signal, by name or number, to the process groups of workers. What follows\nis theirs: a worker that ends of it is restarted as after any other death.",
		Args: cobra.MinimumNArgs(2), ValidArgsFunction: a.completeSignal,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !isSignal(args[0]) {
				return usage(fmt.Errorf("there is no signal %s; name one such as HUP or USR1, or give its number", args[0]))
			}
			return a.talk(cmd, func(ctx context.Context, c *client.Client) error {
				names, err := whole(ctx, c, args[1:])
				if err != nil {
					return err
				}
				return c.Signal(ctx, args[0], names...)
			})
		},
	}
}

// isSignal takes HUP, SIGHUP, hup and 1.
func isSignal(text string) bool {
	if n, err := strconv.Atoi(text); err == nil {
		return n > 0 && n <= 64
	}
	return unix.SignalNum("SIG"+strings.TrimPrefix(strings.ToUpper(text), "SIG")) != 0
}
