package supervisorctl

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/client"
	"initiator/initiator/report"
)

const clearLong = `Remove the log files of workers, of both streams. The workers keep running, and
write their next line to a new file. Rotated files (.1, .2 …) stay, as with
supervisorctl, and initiator logs still shows them.

After an upgrade, the keeper of the older program may still own the workers. If it
cannot clear logs, clear says so; it works again after all workers were stopped.`

func (v *verbs) clearCommand() *cobra.Command {
	return &cobra.Command{
		Use: "clear NAME…|all", Short: "Remove the log files of workers", Long: clearLong,
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: v.CompleteWorkers,
		RunE: func(cmd *cobra.Command, args []string) error {
			return v.WithClient(cmd, func(ctx context.Context, c *client.Client) error {
				all, err := c.Workers(ctx)
				if err != nil {
					return err
				}
				results, err := c.Clear(ctx, cli.ExpandNames(all, args)...)
				if err != nil {
					return err
				}
				return v.showCleared(results, ProcessNames(all))
			})
		},
	}
}

// showCleared prints for each worker what supervisorctl prints, and the reason
// where the logs cannot be cleared.
func (v *verbs) showCleared(results []report.Result, names map[string]string) error {
	if v.Format.JSON {
		if err := v.Out.WriteJSON(map[string]any{"results": results}); err != nil {
			return err
		}
	}
	code := cli.ExitOK
	for _, r := range results {
		line := names[r.Worker.GUID] + ": cleared"
		if r.Error != "" {
			line, code = fmt.Sprintf("%s: ERROR (%s)", names[r.Worker.GUID], terminal.OneLine(r.Error)), cli.ExitFailed
		}
		if v.Format.JSON {
			continue
		}
		if err := v.Out.WriteLines(line); err != nil {
			return err
		}
	}
	return cli.ExitWith(code)
}
