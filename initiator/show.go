package initiator

import (
	"io"
	"time"

	"initiator/internal/output"
	"initiator/internal/supervise"
)

// outputGrace is how long lines of workers are written on at the end, to a
// reader that is slow.
const outputGrace = time.Second

// openRelay makes what shows the lines of workers. The initiator's own outputs
// are given a queue each, because whoever reads them may stop reading.
func (in *Initiator) openRelay(stdout, stderr io.Writer) (closeRelay func()) {
	in.relay = &output.Relay{Logger: in.log.Named("worker")}
	var queues []*output.Queue
	queued := func(w io.Writer) io.Writer {
		if w == nil {
			return nil
		}
		if q, ok := w.(*output.Queue); ok {
			return q // its owner closes it
		}
		q := output.NewQueue(w)
		queues = append(queues, q)
		return q
	}
	in.relay.Stdout, in.relay.Stderr = queued(stdout), queued(stderr)
	return func() {
		in.relay.EndAll()
		for _, q := range queues {
			q.Close(outputGrace)
		}
	}
}

// heard passes on a transition to all who keep something about it.
func (in *Initiator) heard(t supervise.Transition) {
	in.journal.note(t)
	in.told.heard(t)
	in.relay.NoteTransition(t)
	in.lookForPanic(t)
	in.lastSeen.changed()
}
