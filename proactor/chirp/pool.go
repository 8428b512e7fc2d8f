package chirp

import "sync"

// handlerPool runs work on a bounded number of goroutines, each of which ends when
// there is nothing to do. What waits is bounded by the slots that it holds.
type handlerPool struct {
	limit int
	wg    sync.WaitGroup

	mu      sync.Mutex
	running int
	queue   []func()
}

// submitWork queues work; it never blocks.
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

// nextWork is the work that waits longest; nil ends the goroutine that asks.
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

// Map calls f with every item on the peer's handlers, as many at once as they
// are, and gives the results in the items' order when all are there. A panic in
// f is raised again here. It must not be called by a handler when handlers are
// few: it would wait for itself.
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
