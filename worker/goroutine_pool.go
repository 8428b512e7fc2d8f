package worker

// goroutinePool is the goroutines that run tasks. A task does not get one of its own:
// what came in one burst is often done by one of them, one task after the
// other, without a turn of the scheduler between two. And yet no task waits for
// the handler of another: whoever takes one, while more are waiting, has seen
// to it that a spare one is awake to take the next, should this one take long.
//
// There are at most as many as were ever busy at once, and one to spare. They
// keep their stacks, which a new goroutine would have to grow. The executor's
// mutex guards it. The zero value has nobody.
type goroutinePool struct {
	first, last *execution // that wait to be run, linked by next
	idle        []chan struct{}
	spare       int  // are awake, and look for work or soon will
	closed      bool // nobody is to rest any more
}

// wakeUp says whom to wake, or that one more is to be started; the zero value
// is nobody.
type wakeUp struct {
	idle     chan struct{}
	startNew bool
}

// addRun gives the crew a task.
func (c *goroutinePool) addRun(run *execution) wakeUp {
	if c.first == nil {
		c.first = run
	} else {
		c.last.next = run
	}
	c.last = run
	return c.wakeSpare()
}

// wakeSpare sees to it that somebody looks for the work that there is.
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

// takeRun takes a task for one who was spare; nil when there is none.
func (c *goroutinePool) takeRun() *execution {
	c.spare--
	run := c.first
	if run != nil {
		c.first, run.next = run.next, nil
	}
	return run
}

// endGoroutines ends those who rest, and the others when they have nothing to do.
func (c *goroutinePool) endGoroutines() {
	c.closed = true
	for _, wake := range c.idle {
		close(wake)
	}
	c.idle = nil
}

// deliverWake does what a summons says. The caller does not hold the mutex.
func (e *executor) deliverWake(s wakeUp) {
	switch {
	case s.startNew:
		go e.runTasks()
	case s.idle != nil:
		s.idle <- struct{}{} // it has room, and nobody else knows it
	}
}

// runTasks is a goroutine of the crew; whoever started it has counted it as spare.
// A handler that ends its goroutine (runtime.Goexit) takes it along.
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
		_, called := <-wake // who calls counts us as spare
		if !called {
			return
		}
		e.mu.Lock()
	}
	e.mu.Unlock()
}
