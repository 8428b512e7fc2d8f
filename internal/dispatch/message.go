package dispatch

import "time"

// message is one thing that the loop can be told. Its apply runs in the loop.
type message interface {
	applyMessage(d *Dispatcher, now time.Time)
}
