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
	"initiator/internal/api"
)

const upgradeLong = `Replace the running initiator by BINARY, or by its own file when that has been
replaced. The process stays the same, and so do its workers: they run on, and
their clients see nothing of it. BINARY is asked first whether it can go on from
the state directory and read the INI; if it does not come up all the same, the
old one comes back: in the same process where the new one has said why, and in
another where it has crashed. As process 1, and under systemd, a crash is the end
of the service, which is then started again.`

func (a *app) upgradeCommand() *cobra.Command {
	return &cobra.Command{
		Use: "upgrade [BINARY]", Short: "Replace the initiator, and leave its workers alone", Long: upgradeLong,
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
		return a.Out.WriteJSON(map[string]any{"from": before.Version, "to": version, "pid": after.PID, "workers": len(after.Workers)})
	}
	return a.Out.WriteLines(fmt.Sprintf("upgraded from %s to %s; %s ran on", before.Version, version, terminal.Plural(len(after.Workers), "worker")))
}

// upgradeTimeout bounds the wait for the next program, or for the old one to be back.
const upgradeTimeout = 90 * time.Second

// awaitNextProgram waits until another program answers. What is asked meanwhile waits
// for it in its socket, or is cut off and asked again.
func awaitNextProgram(ctx context.Context, c *client.Client, generation int, before api.Status) (api.Status, error) {
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
			return now, cli.NewFault(cli.ExitInternal, fmt.Errorf("upgrade: %s", now.UpgradeError), "the old one is back; the workers ran on")
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return now, errors.Join(context.Cause(ctx), err)
		}
	}
}

// upgradeCheckCommand is how a running initiator asks another program.
func (a *app) upgradeCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use: initiator.CheckVerb + " STATE_DIR [INI]", Short: "Say whether this program can go on from a state directory", Hidden: true,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			return initiator.CheckUpgrade(a.Out, args[0], append(args, "")[1])
		},
	}
}
