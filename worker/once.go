package worker

// onceEvent is an event that happens once. It has a channel only when a
// goroutine waits for it: most tasks need none, because their results leave by
// the stream. The mutex of the surrounding struct guards it. The event of the
// zero value has not happened.
type onceEvent struct {
	happened bool
	waited   chan struct{} // closed by the event; nil = no goroutine waits
}

// closedChannel is the channel of all events that happened before a goroutine
// waited.
var closedChannel = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// channel returns a channel that is closed when the event has happened.
func (m *onceEvent) channel() <-chan struct{} {
	switch {
	case m.waited != nil:
		return m.waited
	case m.happened:
		return closedChannel
	}
	m.waited = make(chan struct{})
	return m.waited
}

func (m *onceEvent) markHappened() {
	m.happened = true
	if m.waited != nil {
		close(m.waited)
	}
}
