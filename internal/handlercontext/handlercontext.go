// Package handlercontext lets a client find, in the context of a handler, the
// initiator that launched the worker. Package worker fills the context and package
// client reads it, and neither imports the other.
package handlercontext

import (
	"context"

	"github.com/google/uuid"
)

// Handler is what a context of a handler or a hook knows of its worker.
type Handler struct {
	// Setting returns a value of the worker's configuration.
	Setting func(key string) (value string, ok bool)
	// Task is the task of the handler; zero in a hook.
	Task uuid.UUID
}

// Key is the key of the Handler in a context.
type Key struct{}

// Of returns the Handler of a context. ok is false for any other context.
func Of(ctx context.Context) (h Handler, ok bool) {
	h, ok = ctx.Value(Key{}).(Handler)
	return h, ok
}
