package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"

	"github.com/hashicorp/go-hclog"
)

// Hooks are functions of the program that the worker calls around connections
// and tasks. Each may be nil. They run in the goroutines of requests, may run
// at the same time, and should return quickly. A panic in a hook counts as an
// error of that hook.
type Hooks struct {
	// BeforeConnect gets the data of /connect. An error refuses the master;
	// [ConnectionRefuse] sets the data that the master is shown.
	BeforeConnect func(ctx context.Context, data json.RawMessage) error
	// BeforeTask gets each task when its slot is already taken. An error
	// refuses the task; [TaskRefuse] sets the data and the time until the next
	// attempt.
	BeforeTask func(ctx context.Context, task Task) error
	// BeforeDisconnect gets the data of /disconnect. An error keeps the
	// connection; [DisconnectionRefuse] sets the data that the master is
	// shown.
	BeforeDisconnect func(ctx context.Context, data json.RawMessage) error
	// OnLost is called when the master is lost, after its tasks have been
	// cancelled. The reason is a *[LostError].
	OnLost func(reason error)
}

// recoverPanic calls f and turns a panic into an error.
func recoverPanic(log hclog.Logger, what string, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in %s: %v", what, p)
			log.Error("panic in "+what, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	return f()
}

// callHook calls a hook of a session. It returns nil when the hook is nil.
func (s *server) callHook(name string, hook func(context.Context, json.RawMessage) error, data json.RawMessage) error {
	if hook == nil {
		return nil
	}
	return recoverPanic(s.log, name, func() error { return hook(s.baseContext, data) })
}

// refusalData returns the data for a refused master: the data of the refusal,
// or the message of any other error.
func refusalData(data any, refused bool, err error) json.RawMessage {
	if refused {
		return objectJSON(data)
	}
	return messageJSON(err.Error())
}
