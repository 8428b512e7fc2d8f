package main

import (
	"context"

	"github.com/spf13/cobra"

	"initiator/initiator"
	"initiator/initiator/client"
)

func (a *app) tokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "token", Short: "Replace the token of the API",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.tokenRotateCommand())
	return cmd
}

const tokenRotateLong = `Replace the token that opens the API on TCP, for example when a copy of it was
stolen. The new token is in the file "token" of the state directory; the verbs of
this program use the socket there, and need no token.

While an initiator runs, the old token is refused from the answer on, and requests
and streams that were begun with it end. Workers have tokens of their own, which
stay valid. Callbacks of pools without a callback_secret are signed with a key that
is derived from the token: give their receivers the new key. A callback that a
receiver refuses meanwhile is sent again.`

func (a *app) tokenRotateCommand() *cobra.Command {
	return &cobra.Command{
		Use: "rotate", Short: "Make a new token, and refuse the old one", Long: tokenRotateLong, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := a.StateDirectory()
			if err != nil {
				return err
			}
			err = a.WithOptionalClient(cmd, func(ctx context.Context, c *client.Client) error {
				if c != nil {
					return c.RotateToken(ctx)
				}
				return initiator.RotateToken(dir)
			})
			if err != nil {
				return err
			}
			if a.Format.JSON {
				return a.Out.WriteJSON(map[string]string{"file": initiator.TokenPath(dir)})
			}
			return a.Out.WriteLines("the API has a new token in " + initiator.TokenPath(dir) + "; the old token is refused")
		},
	}
}
