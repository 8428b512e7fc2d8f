package worker

// goroutinePool runs tasks in goroutines that it uses again. One goroutine
// often runs several tasks of a burst, one after another, without a switch of
// the scheduler between them. Still, no task waits for the handler of another
// task: a goroutine that takes a task while more tasks are queued first makes
// sure that a spare goroutine is awake to take the next task.
//
// The pool has at most one goroutine more than the largest number of tasks
// that ran at the same time. Its goroutines keep their stacks, which a new
// goroutine would have to grow. The executor's mutex guards the pool. The zero
// value has no goroutine.
type goroutinePool struct {
	first, last *execution // the queued runs, linked by next
	idle        []chan struct{}
	spare       int  // goroutines that are awake and look for work, or soon will
	closed      bool // goroutines end instead of becoming idle
}

// wakeUp says which goroutine to wake, or that a new goroutine must start. The
// zero value means neither.
type wakeUp struct {
	idle     chan struct{}
	startNew bool
}

// addRun queues a run.
func (c *goroutinePool) addRun(run *execution) wakeUp {
	if c.first == nil {
		c.first = run
	} else {
		c.last.next = run
	}
	c.last = run
	return c.wakeSpare()
}

// wakeSpare makes sure that a spare goroutine takes the first queued run.
func (c *goroutinePool) wakeSpare() wakeUp {
	if c.first == nil || c.spare > 0 {
		return wakeUp{}
	}
	c.spare++
	last := len(c.idle) - 1
	if last < 0 {
		return wakeUp{startNew: true}
	}
	wake := c.idle[last]
	c.idle = c.idle[:last]
	return wakeUp{idle: wake}
}

// takeRun takes the first queued run for a spare goroutine, or returns nil.
func (c *goroutinePool) takeRun() *execution {
	c.spare--
	run := c.first
	if run != nil {
		c.first, run.next = run.next, nil
	}
	return run
}

// endGoroutines ends the idle goroutines at once, and the busy goroutines when
// they find no work.
func (c *goroutinePool) endGoroutines() {
	c.closed = true
	for _, wake := range c.idle {
		close(wake)
	}
	c.idle = nil
}

// deliverWake carries out a wakeUp. The caller does not hold the mutex.
func (e *executor) deliverWake(s wakeUp) {
	switch {
	case s.startNew:
		go e.runTasks()
	case s.idle != nil:
		s.idle <- struct{}{} // the channel is buffered and was taken off the idle list
	}
}

// runTasks is the main function of a goroutine of the pool. The code that
// starts it has counted it as spare. A handler that calls runtime.Goexit ends
// the goroutine.
func (e *executor) runTasks() {
	wake := make(chan struct{}, 1)
	e.mu.Lock()
	for {
		if run := e.pool.takeRun(); run != nil {
			next := e.pool.wakeSpare()
			e.mu.Unlock()
			e.deliverWake(next)
			run.runHandler()
			e.mu.Lock()
			e.pool.spare++
			continue
		}
		if e.pool.closed {
			break
		}
		e.pool.idle = append(e.pool.idle, wake)
		e.mu.Unlock()
		_, called := <-wake // the code that wakes this goroutine counts it as spare
		if !called {
			return
		}
		e.mu.Lock()
	}
	e.mu.Unlock()
}
