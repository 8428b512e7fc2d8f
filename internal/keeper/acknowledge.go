package keeper

import "sync"

// flowStep is how many bytes are acknowledged with one order. It is less than
// flowRoom, so that a stream never waits for the rest.
const flowStep = flowRoom / 4

// acknowledgedOutput remembers what the initiator has acknowledged. The zero value
// is ready. Any goroutine may use it.
type acknowledgedOutput struct {
	mu   sync.Mutex
	sent map[flowKey]uint64
}

// advance notes the new number of a stream, and reports whether it is worth an
// order. A smaller number than before is the first of a new count.
func (a *acknowledgedOutput) advance(k flowKey, sent uint64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if last := a.sent[k]; sent >= last && sent-last < flowStep {
		return false
	}
	if a.sent == nil {
		a.sent = map[flowKey]uint64{}
	}
	a.sent[k] = sent
	return true
}

// forget forgets the streams of a worker whose output is not watched any more.
func (a *acknowledgedOutput) forget(guid string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.sent, flowKey{guid, "stdout"})
	delete(a.sent, flowKey{guid, "stderr"})
}

// AcknowledgeOutput notes that the lines of a stream up to Event.Sent were written.
// The keeper reads no further output of the stream while too much of it is not
// acknowledged. Not every call sends an order.
func (k *Keeper) AcknowledgeOutput(guid, stream string, sent uint64) error {
	if !k.acknowledged.advance(flowKey{guid, stream}, sent) {
		return nil
	}
	return k.sendOrder(message{Op: opTaken, GUID: guid, Stream: stream, Sent: sent}, nil)
}

// PauseOutput stops the reading of all output that is acknowledged, or lets it go
// on. When the initiator then goes before the end of KeepAllFor, the output waits
// in its pipes for the next initiator. ErrOlderKeeper: this keeper acknowledges
// no output.
func (k *Keeper) PauseOutput(on bool) error {
	return k.sendOrder(message{Op: opPause, On: on}, nil)
}
