package queue

// CommitInFlight says whether a batch is on its way to the disk.
func (e *Engine) CommitInFlight() bool { return e.flying.on }
