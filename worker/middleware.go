package worker

import "slices"

// Middleware returns a HandlerFunc that calls next, for example to write a
// span or a metric, to open a transaction, or to add a value to the context of
// the handler. The result and the error of this HandlerFunc take the place of
// those of next, which it need not call. Its context is the context of the task,
// in which [Progress] and the other functions of this package work.
//
// A panic of the handler passes through the middleware to the worker, which
// reports it.
type Middleware func(next HandlerFunc) HandlerFunc

// With returns a handler that runs h inside the middleware. The first
// middleware is the outermost. The middleware of Options.Middleware is outside
// of that of With. The error that the outermost middleware returns decides how
// the task ends.
func (h Handler) With(middleware ...Middleware) Handler {
	if len(middleware) == 0 || h.run == nil {
		return h
	}
	run := h.run
	for _, m := range slices.Backward(middleware) {
		run = m(run)
	}
	return Handler{h.name, checkResult(h.name, run)}
}
