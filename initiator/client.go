package initiator

import (
	"context"

	"initiator/initiator/client"
)

// Client returns the client of this initiator, the same at each call. It may be
// used before Run is called: its requests wait until the initiator answers. It is
// closed when Run ends; later requests return client.ErrClosed. Do not close it.
func (in *Initiator) Client() *client.Client {
	in.clientMade.Do(func() {
		in.client = client.New(in.Socket(), client.BeforeConnect(in.waitUntilUp))
		context.AfterFunc(in.runContext, in.client.Close)
	})
	return in.client
}

// NewTask describes a task, as Client.NewTask of package client does.
func (in *Initiator) NewTask(method string, data any, options ...client.SubmitOption) *client.Task {
	return in.Client().NewTask(method, data, options...)
}

// waitUntilUp returns nil once the initiator answers.
func (in *Initiator) waitUntilUp(ctx context.Context) error {
	_, err := in.waitForServer(ctx)
	return err
}
