package keeper

import (
	"slices"
	"time"
)

// The initiator writes some output itself: to its stdout and stderr, whose
// readers may be slow. It acknowledges the bytes that it has written. The pipe of
// a worker with too many bytes that are not acknowledged is not read, so that the
// worker waits for the reader as it would without an initiator. No other worker
// waits.

const (
	// flowRoom bounds, in bytes, the lines of one stream that are not acknowledged.
	// What one read adds may pass it.
	flowRoom = 128 << 10
	// flowAnswer is how long the streams that an upgrade has paused wait for the
	// order watch of the new initiator, which may be too old to know the field Flow.
	flowAnswer = 5 * time.Second
)

// flowKey names one stream of all incarnations of a worker.
type flowKey struct{ guid, stream string }

// flow counts the bytes of the lines of one stream, with one for each line end.
type flow struct {
	sent  uint64 // to the initiator
	taken uint64 // acknowledged
	held  bool   // nothing is read, because of an upgrade
}

// isFull reports whether the stream must not be read.
func (f *flow) isFull() bool { return f.held || f.sent-f.taken > flowRoom }

// acknowledge notes that the bytes up to taken were written. A number of an
// earlier connection may be too large.
func (f *flow) acknowledge(taken uint64) { f.taken = max(f.taken, min(taken, f.sent)) }

// flows holds the streams whose output the initiator acknowledges, and the
// streams that are not read at present.
type flows struct {
	byKey      map[flowKey]*flow
	stopped    map[*outputStream]bool
	answerTill time.Time // when held streams are released, see flowAnswer; zero = never
	next       time.Time // when to ask again whether a log has a place; zero = never
}

// setFlow sets which streams of guid the initiator acknowledges.
func (l *loop) setFlow(guid string, streams []string) {
	for _, name := range []string{"stdout", "stderr"} {
		k := flowKey{guid, name}
		f := l.flows.byKey[k]
		switch {
		case !slices.Contains(streams, name):
			delete(l.flows.byKey, k)
		case f == nil:
			l.flows.byKey[k] = &flow{}
		default:
			f.held = false
		}
	}
}

// pauseFlows stops the reading of all acknowledged streams, or lets it go on.
func (l *loop) pauseFlows(on bool) {
	l.flows.answerTill = time.Time{}
	for _, f := range l.flows.byKey {
		f.held = on
	}
}

// restartFlows begins to count anew for a new initiator, which acknowledges nothing
// that its predecessor was sent. It has to order the streams again.
func (l *loop) restartFlows(now time.Time) {
	for _, f := range l.flows.byKey {
		f.taken = f.sent
		l.flows.answerTill = now.Add(flowAnswer)
	}
}

// dropFlows forgets all acknowledgements, when no initiator is there that could
// send one: the workers must not wait for ever.
func (l *loop) dropFlows() {
	l.flows.answerTill = time.Time{}
	clear(l.flows.byKey)
}

// releaseUnanswered forgets the streams for which a new initiator has sent no
// order.
func (l *loop) releaseUnanswered() {
	l.flows.answerTill = time.Time{}
	for k, f := range l.flows.byKey {
		if f.held {
			delete(l.flows.byKey, k)
		}
	}
}

// flowOf returns the flow of a stream; nil = its output is not acknowledged, as
// that of a worker that is being ended.
func (l *loop) flowOf(s *outputStream) *flow {
	if l.ends[s.key] != nil || l.ctl.fd < 0 && l.window == nil {
		return nil
	}
	return l.flows.byKey[flowKey{s.key.guid, s.name}]
}

// canRead reports whether the output of a stream has a place. While the worker is
// being ended, its output is read in any case: a worker that waits for its reader
// cannot end.
func (l *loop) canRead(s *outputStream) bool {
	if l.ends[s.key] != nil || l.shutdown != nil {
		return true
	}
	if f := l.flowOf(s); f != nil && f.isFull() {
		return false
	}
	if s.log == nil {
		return true
	}
	ok, again := s.log.hasPlace(time.Now(), len(l.buf))
	l.flows.next = earliest(l.flows.next, again)
	return ok
}

// stopReading leaves the output of a stream in its pipe.
func (l *loop) stopReading(s *outputStream) {
	l.unwatchFD(s.fd)
	l.flows.stopped[s] = true
}

// resumeReading reads the stopped streams again whose output has a place.
func (l *loop) resumeReading() {
	l.flows.next = time.Time{}
	now := time.Now()
	for s := range l.flows.stopped {
		if s.log != nil {
			l.retryKept(s.log, now)
		}
		if !l.canRead(s) {
			continue
		}
		delete(l.flows.stopped, s)
		if err := l.watchFD(s.fd, s); err != nil {
			l.queueWarning(s.key, err)
			s.closeStream(l)
		}
	}
}
