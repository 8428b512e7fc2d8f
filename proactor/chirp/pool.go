package chirp

import "sync"

// handlerPool runs work on a limited number of goroutines. Each goroutine ends
// when there is nothing to do. The number of waiting handlers is limited by the
// slots that their messages hold.
type handlerPool struct {
	limit int
	wg    sync.WaitGroup

	mu      sync.Mutex
	running int
	queue   []func()
}

// submitWork queues work. It never blocks.
func (p *handlerPool) submitWork(work func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wg.Add(1)
	if p.running == p.limit {
		p.queue = append(p.queue, work)
		return
	}
	p.running++
	go p.runWork(work)
}

// runWork does work until there is none.
func (p *handlerPool) runWork(work func()) {
	for work != nil {
		work()
		work = p.nextWork()
		p.wg.Done()
	}
}

// nextWork returns the work that has waited longest; nil = the calling
// goroutine ends.
func (p *handlerPool) nextWork() func() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == 0 {
		p.queue = nil
		p.running--
		return nil
	}
	work := p.queue[0]
	p.queue[0] = nil
	p.queue = p.queue[1:]
	return work
}

// Map calls f with every item on the peer's handler goroutines, and returns the
// results in the order of the items when all are done. A panic in f is raised
// again in the caller. A handler must not call Map when few handlers are
// configured, because it would wait for itself. Error: ErrShutdown.
func Map[T, R any](p *Peer, f func(T) R, items []T) ([]R, error) {
	results := make([]R, len(items))
	var wg sync.WaitGroup
	var once sync.Once
	var panicked any
	for i, item := range items {
		wg.Add(1)
		err := p.Submit(func() {
			defer wg.Done()
			defer func() {
				if r := recover(); r != nil {
					once.Do(func() { panicked = r })
				}
			}()
			results[i] = f(item)
		})
		if err != nil {
			wg.Done()
			wg.Wait()
			return nil, err
		}
	}
	wg.Wait()
	if panicked != nil {
		panic(panicked)
	}
	return results, nil
}
