package cli

import (
	"context"
	"errors"
	"io/fs"

	"github.com/spf13/cobra"

	"initiator/initiator/client"
	"initiator/internal/plan"
)

// Connect returns a client of the initiator of the INI, whether or not it runs.
func (a *App) Connect() (*client.Client, error) {
	socket, err := a.SocketPath()
	if err != nil {
		return nil, err
	}
	return client.New(socket, a.clientOptions()...), nil
}

// ConnectIfRunning returns a client of the initiator of the INI, and nil when
// none runs.
func (a *App) ConnectIfRunning(ctx context.Context) (*client.Client, error) {
	c, err := a.Connect()
	if err != nil {
		return nil, err
	}
	_, err = c.Status(ctx)
	var gone *client.UnreachableError
	if err == nil || !errors.As(err, &gone) || errors.Is(err, fs.ErrPermission) {
		return c, err
	}
	c.Close()
	return nil, nil
}

// WithClient calls do with a client of the running initiator. A signal ends the
// context.
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

// WithOptionalClient calls do with a client of the running initiator, or with
// nil where none runs. A signal ends the context.
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

// WithPlan returns the function of a verb that needs the plan of the INI, and
// asks the running initiator where there is one; otherwise the client is nil.
func (a *App) WithPlan(do func(context.Context, *plan.Plan, *client.Client) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		p, err := a.ReadPlan()
		if err != nil {
			return a.ReportBadPlan(err)
		}
		return a.WithOptionalClient(cmd, func(ctx context.Context, c *client.Client) error { return do(ctx, p, c) })
	}
}
