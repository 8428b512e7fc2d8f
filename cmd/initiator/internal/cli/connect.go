package cli

import (
	"context"
	"errors"
	"io/fs"

	"github.com/spf13/cobra"

	"initiator/initiator/client"
	"initiator/internal/plan"
)

// Connect speaks to the initiator of the INI, whether or not it runs.
func (a *App) Connect() (*client.Client, error) {
	socket, err := a.SocketPath()
	if err != nil {
		return nil, err
	}
	return client.Unix(socket), nil
}

// ConnectIfRunning returns a client when the initiator of the INI answers, and nil when
// none runs.
func (a *App) ConnectIfRunning(ctx context.Context) (*client.Client, error) {
	c, err := a.Connect()
	if err != nil {
		return nil, err
	}
	_, err = c.Status(ctx)
	var gone *client.Unreachable
	if err == nil || !errors.As(err, &gone) || errors.Is(err, fs.ErrPermission) {
		return c, err
	}
	c.Close()
	return nil, nil
}

// WithClient does something with the initiator that runs, until a signal ends it.
func (a *App) WithClient(cmd *cobra.Command, do func(context.Context, *client.Client) error) error {
	c, err := a.Connect()
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, _, stop := CatchSignals(cmd.Context(), EndingSignals...)
	defer stop()
	return do(ctx, c)
}

// WithOptionalClient does something with the initiator that runs, until a signal ends it;
// where none runs the client is nil.
func (a *App) WithOptionalClient(cmd *cobra.Command, do func(context.Context, *client.Client) error) error {
	ctx, _, stop := CatchSignals(cmd.Context(), EndingSignals...)
	defer stop()
	c, err := a.ConnectIfRunning(ctx)
	if err != nil {
		return err
	}
	if c != nil {
		defer c.Close()
	}
	return do(ctx, c)
}

// WithPlan begins a verb that reads the file and, where one runs, asks the
// initiator; where none does, the client is nil.
func (a *App) WithPlan(do func(context.Context, *plan.Plan, *client.Client) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		p, err := a.ReadPlan()
		if err != nil {
			return a.ReportBadPlan(err)
		}
		return a.WithOptionalClient(cmd, func(ctx context.Context, c *client.Client) error { return do(ctx, p, c) })
	}
}
