package dispatch

import "time"

// message is one thing that the loop can be told. Its apply runs in the loop.
type message interface {
	applyMessage(d *Dispatcher, now time.Time)
}

// refuser is a message that has a sender to answer, or something to close, when
// the loop ends before it takes the message.
type refuser interface {
	refuseClosed()
}

var _ = []refuser{
	(*loopRequest[struct{}])(nil), (*waitMessage)(nil), (*submitAsyncMessage)(nil),
	(*callMessage)(nil), (*finishResumeMessage)(nil), attachMessage{},
}
