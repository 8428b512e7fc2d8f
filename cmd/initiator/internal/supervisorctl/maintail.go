package supervisorctl

import (
	"context"
	"errors"
	"net/http"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator/client"
)

const maintailLong = `Show the end of the initiator's own log: the last 1600 bytes, or another number
of bytes, such as -100. With -f it keeps printing new lines. The initiator keeps a
log when logfile is set in [initiator] or [supervisord].`

func (v *verbs) maintailCommand() *cobra.Command {
	var t tailFlags
	cmd := &cobra.Command{
		Use: "maintail [-f] [-BYTES]", Short: "Show the end of the initiator's own log", Long: maintailLong,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			q, err := t.logQuery()
			if err != nil {
				return err
			}
			return v.WithClient(cmd, func(ctx context.Context, c *client.Client) error {
				from, err := c.OwnLog(ctx, q)
				if errors.Is(err, &client.Error{Status: http.StatusNotFound}) {
					return &cli.Fault{Code: cli.ExitFailed, Err: err}
				}
				if err != nil {
					return err
				}
				if t.follow {
					return v.CopyLog(ctx, from)
				}
				return v.showEnd(from, t.size)
			})
		},
	}
	t.addFlags(cmd.Flags())
	return cmd
}
