package worker

// onceEvent happens once. It has a channel only where somebody waits for it: for
// most tasks nobody does, because their results leave by the stream. The mutex
// of what it belongs to guards it. The zero value has not happened.
type onceEvent struct {
	happened bool
	waited   chan struct{} // nil = nobody waits
}

// closedChannel is the channel of all milestones that nobody has waited for in time.
var closedChannel = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// channel returns a channel that is closed when it has happened.
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
