package queue

// CommitInFlight says whether a batch is on its way to the disk.
func (e *Engine) CommitInFlight() bool { return e.inFlight.active }

// RewriteAll marks every task to be written whole with the next commit, and
// commits.
func (e *Engine) RewriteAll() error {
	for _, en := range e.byID {
		if _, err := e.loadTask(en); err != nil {
			return err
		}
		en.rewrite = true
		e.markChanged(en)
	}
	return e.CommitAndWait()
}
