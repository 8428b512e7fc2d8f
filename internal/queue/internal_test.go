package queue

// CommitInFlight reports whether a batch is being written.
func (e *Engine) CommitInFlight() bool { return e.inFlight.active }

// RewriteAll writes every task as a whole record, and commits.
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
