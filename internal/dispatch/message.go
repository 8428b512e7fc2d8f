package dispatch

import "time"

// message is one thing that other goroutines tell the loop. The loop calls
// applyMessage; now is the time of the round.
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
	(*callMessage)(nil), (*finishResumeMessage)(nil), (*treeCancel)(nil),
	attachMessage{},
}
