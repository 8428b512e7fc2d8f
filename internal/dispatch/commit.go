package dispatch

// effect is what somebody is told of a round, in the loop, once the queue has
// kept it or could not.
type effect struct {
	call func(error)
	// What happens with every task has no function made for it: either a
	// run is brought to its worker, or a waiter is told, of the end that he
	// has already or, where it is not patient, that there is nothing to
	// wait for.
	attempt *attempt
	waiter  *waiter
	// untilStored waits for another commit when one has failed: what it tells has
	// happened, and the queue holds it until it can be kept.
	untilStored bool
}

// afterRound tells somebody something when this round's changes are committed, or
// the reason why they are not.
func (d *Dispatcher) afterRound(tell func(error)) { d.effects = append(d.effects, effect{call: tell}) }

// whenStored tells somebody something when this round's changes are committed,
// however long that takes. The error is only that of the end.
func (d *Dispatcher) whenStored(tell func(error)) {
	d.effects = append(d.effects, effect{call: tell, untilStored: true})
}

// commitRound hands the round over to the queue. Effects happen in the order of
// their rounds, and within one in that of their causes.
func (d *Dispatcher) commitRound() {
	effects := d.effects
	d.effects, d.spare = d.spare, nil
	d.opts.Queue.Commit(func(err error) {
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

// runEffect lets an effect happen.
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

// closeQueue closes the queue, and tells everybody who still waits for it.
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
