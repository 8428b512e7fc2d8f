package dispatch

import "time"

// effect is what the loop does once the queue has stored the changes of a
// round, or has failed to.
type effect struct {
	call func(error)
	// Effects that occur with every task have a field instead of a closure,
	// which would cost an allocation: either an attempt is sent to its worker,
	// or a waiter is notified. A waiter is notified of the end that it already
	// holds or, unless untilStored is set, that its task was not stored.
	attempt *attempt
	waiter  *waiter
	// untilStored repeats the effect after the next commit when a commit has
	// failed. What the effect reports has happened, and the queue holds it
	// until it can be stored.
	untilStored bool
}

// afterRound calls tell when this round's changes are committed, or with the
// reason why they are not.
func (d *Dispatcher) afterRound(tell func(error)) { d.effects = append(d.effects, effect{call: tell}) }

// whenStored calls tell when this round's changes are committed, however long
// that takes. The error is not nil only when the dispatcher ends first.
func (d *Dispatcher) whenStored(tell func(error)) {
	d.effects = append(d.effects, effect{call: tell, untilStored: true})
}

// commitRound hands the round's changes to the queue. Effects run in the order
// of their rounds, and within a round in the order in which they were added.
func (d *Dispatcher) commitRound() {
	effects := d.effects
	d.effects, d.spare = d.spare, nil
	if d.openCommits++; d.openCommits == 1 {
		d.committedAt = time.Now()
	}
	d.opts.Queue.Commit(func(err error) {
		d.openCommits--
		d.committedAt = time.Now()
		for _, e := range effects {
			if err != nil && e.untilStored {
				d.effects = append(d.effects, e)
				continue
			}
			d.runEffect(e, err)
		}
		clear(effects)
		d.spare = effects[:0]
	})
}

// runEffect runs one effect.
func (d *Dispatcher) runEffect(e effect, err error) {
	switch {
	case e.attempt != nil:
		d.sendLeased(e.attempt, err)
	case e.waiter != nil && e.untilStored:
		e.waiter.notifyChain(err)
	case e.waiter != nil:
		d.notifyNotStored(e.waiter, err)
	default:
		e.call(err)
	}
}

// closeQueue closes the queue, and runs the effects that still wait for it.
func (d *Dispatcher) closeQueue() {
	d.commitRound()
	err := d.opts.Queue.Close()
	if err != nil {
		d.log.Error("close the queue", "error", err)
	}
	for _, e := range d.effects {
		d.runEffect(e, ErrClosed)
	}
}
