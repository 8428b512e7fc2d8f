package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator"
	"initiator/initiator/client"
	"initiator/initiator/report"
)

func (a *app) taskCheckCommand() *cobra.Command {
	var accept bool
	cmd := &cobra.Command{
		Use: "check", Short: "Show what the disk has damaged in the task files",
		Long: `Show what the disk has damaged in the task files: what the running initiator has
found, or where none runs what the files have now. Nothing is changed. The exit code
is 1 when there is damage.

A start skips damaged bytes, copies them to a directory damaged-TIME in the state
directory, and reads everything else. ` + "`status`" + ` and /healthz show the damage until
--accept.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.checkTasks(cmd, accept) },
	}
	cmd.Flags().BoolVar(&accept, "accept", false, "end the message about damage that was repaired, and about a restored backup")
	return cmd
}

func (a *app) taskRepairCommand() *cobra.Command {
	return &cobra.Command{
		Use: "repair", Short: "Repair damaged task files, as a start does",
		Long: `Repair damaged task files in the state directory of an initiator that does not run,
as its next start does: damaged bytes are copied to a directory damaged-TIME in the
state directory and skipped, and everything else stays.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.repairTasks(cmd) },
	}
}

// checkTasks shows damage, and accepts it.
func (a *app) checkTasks(cmd *cobra.Command, accept bool) error {
	online, offline := (*client.Client).CheckTasks, initiator.CheckTasks
	if accept {
		online, offline = (*client.Client).AcceptDamage, initiator.AcceptDamage
	}
	var got report.TaskCheck
	err := a.WithOptionalClient(cmd, func(ctx context.Context, c *client.Client) (err error) {
		if c != nil {
			got, err = online(c, ctx)
			return err
		}
		dir, err := a.StateDirectory()
		if err == nil {
			got, err = offline(dir)
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := a.printTaskCheck(got, accept); err != nil {
		return err
	}
	if len(got.Unrepaired) > 0 || !accept && got.IsDamaged() {
		return cli.ExitWith(cli.ExitFailed)
	}
	return nil
}

// repairTasks repairs the task files and shows the damage.
func (a *app) repairTasks(cmd *cobra.Command) error {
	var got report.TaskCheck
	err := a.WithOptionalClient(cmd, func(_ context.Context, c *client.Client) error {
		if c != nil {
			return cli.NewFault(cli.ExitUsage, errors.New("the initiator runs, and has repaired its task files when it started"), "`initiator task check` shows what was damaged")
		}
		dir, err := a.StateDirectory()
		if err == nil {
			got, err = initiator.RepairTasks(dir)
		}
		return err
	})
	if err != nil {
		return err
	}
	return a.printTaskCheck(got, false)
}

// printTaskCheck prints the files and their damage.
func (a *app) printTaskCheck(c report.TaskCheck, accepted bool) error {
	if a.Format.JSON {
		return a.Out.WriteJSON(c)
	}
	if len(c.Files) > 0 {
		t := terminal.Table{Head: []string{"FILE", "BYTES", "RECORDS"}}
		for _, f := range c.Files {
			t.Rows = append(t.Rows, []string{f.Name, strconv.FormatInt(f.Size, 10), strconv.Itoa(f.Records)})
		}
		if err := t.PrintTo(a.Out); err != nil {
			return err
		}
	}
	return a.Out.WriteLines(taskCheckLines(c, accepted)...)
}

// taskCheckLines describes damage.
func taskCheckLines(c report.TaskCheck, accepted bool) (lines []string) {
	if len(c.Unrepaired) > 0 {
		lines = append(lines, "damaged and not repaired:")
		lines = append(lines, placeLines(c.Unrepaired)...)
		lines = append(lines, "The next start, or `initiator task repair`, skips the damaged bytes and reads everything else.")
	}
	if len(c.Repaired) > 0 {
		lines = append(lines, "damaged, found since "+c.Since.Format(time.DateTime)+":")
		lines = append(lines, placeLines(c.Repaired)...)
	}
	if c.Changes > 0 {
		lines = append(lines, fmt.Sprintf("Of %s only changes are left: they are gone, or had been dropped before.", terminal.Plural(c.Changes, "task")))
	}
	if c.Running != "" {
		lines = append(lines, "found while the initiator runs: "+c.Running)
	}
	if c.TornEnd != "" {
		lines = append(lines, c.TornEnd+": the last batch is incomplete. An initiator that was killed, or a loss of power, leaves it so, and then nothing in it had been acknowledged; otherwise the disk has lost changes. The next start cuts it off.")
	}
	if c.Restored != "" {
		lines = append(lines, c.Restored)
	}
	switch {
	case accepted && (len(c.Repaired) > 0 || c.Running != "" || c.Restored != ""):
		return append(lines, "accepted: `status` and /healthz do not show it any more")
	case !c.IsDamaged():
		return append(lines, "no damage was found")
	case accepted:
		return lines
	}
	lines = append(lines, "A task whose submit was lost is gone, and a task whose end was lost may run again.")
	if len(c.Repaired) > 0 {
		lines = append(lines, "`initiator task check --accept` ends the message in `status` and /healthz.")
	}
	return lines
}

// placeLines describes damaged places, with the copies of the damaged bytes.
func placeLines(places []report.Damage) (lines []string) {
	for _, p := range places {
		line := "  " + p.String()
		if p.Saved != "" {
			line += " (the bytes are in " + p.Saved + ")"
		}
		lines = append(lines, line)
	}
	return lines
}
