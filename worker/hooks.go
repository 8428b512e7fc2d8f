package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"

	"github.com/hashicorp/go-hclog"
)

// Hooks are functions of the program's own around connections and tasks. Each
// may be nil. They are called from the goroutines of requests: they should be
// quick and must be safe to call at the same time. A panic in one counts as
// its error and ends nothing else.
type Hooks struct {
	// BeforeConnect sees the data of /connect. An error refuses the master;
	// [ConnectionRefuse] says with which data.
	BeforeConnect func(ctx context.Context, data json.RawMessage) error
	// BeforeTask sees each task while its slot is already held. An error
	// refuses it; [TaskRefuse] says with which data and for how long.
	BeforeTask func(ctx context.Context, task Task) error
	// BeforeDisconnect sees the data of /disconnect. An error keeps the
	// connection; [DisconnectionRefuse] says with which data.
	BeforeDisconnect func(ctx context.Context, data json.RawMessage) error
	// OnLost is told why the master counts as lost, in a *[LostError], after
	// its tasks have been cancelled.
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

// callHook calls a hook of a session, if there is one.
func (s *server) callHook(name string, hook func(context.Context, json.RawMessage) error, data json.RawMessage) error {
	if hook == nil {
		return nil
	}
	return recoverPanic(s.log, name, func() error { return hook(s.baseContext, data) })
}

// refusalData is what a refused master is shown: the data of the refusal, or
// the message of an error of another kind.
func refusalData(data any, refused bool, err error) json.RawMessage {
	if refused {
		return objectJSON(data)
	}
	return messageJSON(err)
}
