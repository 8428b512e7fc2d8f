package dispatch

import (
	"context"
	"time"

	"initiator/internal/queue"
)

// effect is what somebody is told of a round, in the loop, once the queue has
// kept it or could not.
type effect struct {
	tell func(error)
	// What happens with every task has no function made for it: either a
	// run is brought to its worker, or a waiter is told, of the end that he
	// has already or, where it is not patient, that there is nothing to
	// wait for.
	run    *run
	waiter *waiter
	// patient waits for another commit when one has failed: what it tells has
	// happened, and the queue holds it until it can be kept.
	patient bool
}

// then tells somebody something when this round's changes are committed, or
// the reason why they are not.
func (d *Dispatcher) then(tell func(error)) { d.effects = append(d.effects, effect{tell: tell}) }

// whenKept tells somebody something when this round's changes are committed,
// however long that takes. The error is only that of the end.
func (d *Dispatcher) whenKept(tell func(error)) {
	d.effects = append(d.effects, effect{tell: tell, patient: true})
}

// commit hands the round over to the queue. Effects happen in the order of
// their rounds, and within one in that of their causes.
func (d *Dispatcher) commit() {
	effects := d.effects
	d.effects, d.spare = d.spare, nil
	d.o.Queue.Commit(func(err error) {
		for _, e := range effects {
			if err != nil && e.patient {
				d.effects = append(d.effects, e)
				continue
			}
			d.happen(e, err)
		}
		clear(effects)
		d.spare = effects[:0]
	})
}

// happen lets an effect happen.
func (d *Dispatcher) happen(e effect, err error) {
	switch {
	case e.run != nil:
		d.leased(e.run, err)
	case e.waiter != nil && e.patient:
		e.waiter.tellAll(err)
	case e.waiter != nil:
		d.notKept(e.waiter, err)
	default:
		e.tell(err)
	}
}

// StorageFault says why tasks cannot be stored now; "" when they can.
func (d *Dispatcher) StorageFault(ctx context.Context) (string, error) {
	return ask(ctx, d, func(m *ask1[string], _ time.Time) {
		why := ""
		if err := d.o.Queue.Fault(); err != nil {
			why = err.Error()
		}
		m.answer(d, why, nil)
	})
}

// orphans ends the attempts that a former initiator has left: its workers ended
// with it. What was lost with a crash may have caused it, so it is paid for.
func (d *Dispatcher) orphans(now time.Time) {
	for _, t := range d.o.Queue.List(task.Filter{State: task.Running, Limit: maxInt}) {
		if l, ok := t.Lease(); ok && !d.leftover(l, t) {
			d.end(l, task.Outcome{Kind: task.Lost, Error: "the initiator ended while it ran"}, now)
		}
	}
}

const maxInt = int(^uint(0) >> 1)

// lastWords closes the queue, and tells everybody who still waits for it.
func (d *Dispatcher) lastWords() {
	d.commit()
	err := d.o.Queue.Close()
	if err != nil {
		d.log.Error("close the queue", "error", err)
	}
	for _, e := range d.effects {
		d.happen(e, ErrClosed)
	}
}
