package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator"
	"initiator/initiator/client"
	"initiator/initiator/report"
)

const upgradeLong = `Replace the running initiator by BINARY, or by its own file when that has changed.
The process stays the same. The workers keep running, and their clients notice
nothing. The initiator first asks BINARY whether it can read the state directory
and the INI. If BINARY fails to start all the same, the old program returns: in the
same process when BINARY reports an error, and in a new process when it crashes. As
process 1, and under systemd, a crash ends the service, and the service manager
restarts it.`

func (a *app) upgradeCommand() *cobra.Command {
	return &cobra.Command{
		Use: "upgrade [BINARY]", Short: "Replace the initiator while its workers keep running", Long: upgradeLong,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			binary := ""
			if len(args) > 0 {
				path, err := filepath.Abs(args[0]) // the initiator may run elsewhere
				if err != nil {
					return cli.UsageFault(err)
				}
				binary = path
			}
			c, err := a.Connect()
			if err != nil {
				return err
			}
			defer c.Close()
			ctx, _, stop := cli.CatchSignals(cmd.Context(), cli.EndingSignals...)
			defer stop()
			return a.runUpgrade(ctx, c, binary)
		},
	}
}

// runUpgrade asks for the upgrade and waits for the next program.
func (a *app) runUpgrade(ctx context.Context, c *client.Client, binary string) error {
	before, err := c.Status(ctx)
	if err != nil {
		return err
	}
	version, generation, err := c.Upgrade(ctx, binary)
	if err != nil {
		return err
	}
	after, err := awaitNextProgram(ctx, c, generation, before)
	if err != nil {
		return err
	}
	if a.Format.JSON {
		return a.Out.WriteJSON(map[string]any{"from": before.Version, "to": version, "pid": after.PID, "workers": len(after.Workers), "kept": countKept(before.Workers, after.Workers)})
	}
	return a.Out.WriteLines(fmt.Sprintf("upgraded from %s to %s; %s kept running", before.Version, version, terminal.Plural(countKept(before.Workers, after.Workers), "worker")))
}

// countKept counts the workers whose process before the upgrade runs after it.
func countKept(before, after []report.Worker) (kept int) {
	pids := map[string]int{}
	for _, w := range before {
		pids[w.GUID] = w.PID
	}
	for _, w := range after {
		if w.PID != 0 && w.PID == pids[w.GUID] {
			kept++
		}
	}
	return kept
}

// upgradeTimeout limits the wait for the next program, or for the return of the
// old one.
const upgradeTimeout = 90 * time.Second

// awaitNextProgram waits until another program answers. Requests in the
// meantime wait in the socket of the next program, or are cut off and repeated.
func awaitNextProgram(ctx context.Context, c *client.Client, generation int, before report.Status) (report.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, upgradeTimeout)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		now, err := c.Status(ctx)
		switch {
		case err == nil && now.Generation > generation:
			return now, nil
		case err == nil && now.UpgradeError != "" && !now.Started.Equal(before.Started):
			return now, cli.NewFault(cli.ExitInternal, fmt.Errorf("upgrade: %s", now.UpgradeError), "the old program is back; the workers kept running")
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return now, errors.Join(context.Cause(ctx), err)
		}
	}
}

// upgradeCheckCommand returns the hidden verb with which a running initiator
// asks another program whether it can take over.
func (a *app) upgradeCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use: initiator.CheckVerb + " STATE_DIR [INI]", Short: "Check whether this program can take over a state directory", Hidden: true,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			return initiator.CheckUpgrade(a.Out, args[0], append(args, "")[1])
		},
	}
}
