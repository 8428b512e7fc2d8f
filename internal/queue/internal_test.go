package task

// Flying says whether a batch is on its way to the disk.
func (e *Engine) Flying() bool { return e.flying.on }
