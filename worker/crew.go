package worker

// crew is the goroutines that run tasks. A task does not get one of its own:
// what came in one burst is often done by one of them, one task after the
// other, without a turn of the scheduler between two. And yet no task waits for
// the handler of another: whoever takes one, while more are waiting, has seen
// to it that a spare one is awake to take the next, should this one take long.
//
// There are at most as many as were ever busy at once, and one to spare. They
// keep their stacks, which a new goroutine would have to grow. The executor's
// mutex guards it. The zero value has nobody.
type crew struct {
	first, last *Execution // that wait to be run, linked by next
	resting     []chan struct{}
	spare       int  // are awake, and look for work or soon will
	over        bool // nobody is to rest any more
}

// summons says whom to wake, or that one more is to be started; the zero value
// is nobody.
type summons struct {
	resting chan struct{}
	another bool
}

// add gives the crew a task.
func (c *crew) add(run *Execution) summons {
	if c.first == nil {
		c.first = run
	} else {
		c.last.next = run
	}
	c.last = run
	return c.rouse()
}

// rouse sees to it that somebody looks for the work that there is.
func (c *crew) rouse() summons {
	if c.first == nil || c.spare > 0 {
		return summons{}
	}
	c.spare++
	last := len(c.resting) - 1
	if last < 0 {
		return summons{another: true}
	}
	wake := c.resting[last]
	c.resting = c.resting[:last]
	return summons{resting: wake}
}

// take takes a task for one who was spare; nil when there is none.
func (c *crew) take() *Execution {
	c.spare--
	run := c.first
	if run != nil {
		c.first, run.next = run.next, nil
	}
	return run
}

// dismiss ends those who rest, and the others when they have nothing to do.
func (c *crew) dismiss() {
	c.over = true
	for _, wake := range c.resting {
		close(wake)
	}
	c.resting = nil
}

// call does what a summons says. The caller does not hold the mutex.
func (e *Executor) call(s summons) {
	switch {
	case s.another:
		go e.work()
	case s.resting != nil:
		s.resting <- struct{}{} // it has room, and nobody else knows it
	}
}

// work is a goroutine of the crew; whoever started it has counted it as spare.
// A handler that ends its goroutine (runtime.Goexit) takes it along.
func (e *Executor) work() {
	wake := make(chan struct{}, 1)
	e.mu.Lock()
	for {
		if run := e.crew.take(); run != nil {
			next := e.crew.rouse()
			e.mu.Unlock()
			e.call(next)
			run.do()
			e.mu.Lock()
			e.crew.spare++
			continue
		}
		if e.crew.over {
			break
		}
		e.crew.resting = append(e.crew.resting, wake)
		e.mu.Unlock()
		_, called := <-wake // who calls counts us as spare
		if !called {
			return
		}
		e.mu.Lock()
	}
	e.mu.Unlock()
}
