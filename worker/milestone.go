package worker

// milestone happens once. It has a channel only where somebody waits for it: for
// most tasks nobody does, because their results leave by the stream. The mutex
// of what it belongs to guards it. The zero value has not happened.
type milestone struct {
	past bool
	c    chan struct{} // nil = nobody waits
}

// passed is the channel of all milestones that nobody has waited for in time.
var passed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// wait returns a channel that is closed when it has happened.
func (m *milestone) wait() <-chan struct{} {
	switch {
	case m.c != nil:
		return m.c
	case m.past:
		return passed
	}
	m.c = make(chan struct{})
	return m.c
}

func (m *milestone) happen() {
	m.past = true
	if m.c != nil {
		close(m.c)
	}
}
