package initiator

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"time"

	"initiator/internal/api"
	"initiator/internal/keeper"
	"initiator/internal/plan"
)

// keeperOptions are how every keeper is launched here, and found.
func (in *Initiator) keeperOptions() keeper.Options {
	return keeper.Options{Logger: in.log.Named("keeper"), HandoverSocket: rendezvous(in.StateDir())}
}

// listen opens the API where the last initiator had it, because workers that
// outlived it call there. Without any, another port will do.
func (h *heritage) listen(o api.Options) (*api.Server, error) {
	wanted := o.Port
	if o.Port == 0 {
		o.Port = h.port
	}
	s, err := api.Listen(o)
	switch {
	case err == nil || !errors.Is(err, syscall.EADDRINUSE):
		return s, err
	case h.expected():
		return nil, fmt.Errorf("port %d is taken, and workers that outlived the last initiator call there: %w; they run on and wait", o.Port, err)
	case wanted == 0:
		o.Port = 0
		return api.Listen(o)
	}
	return nil, err
}

// noteHome writes down where the API is. Without it the initiator does all its
// work, but workers that outlive it would not find the next one.
func (in *Initiator) noteHome(state string) {
	if err := writeHome(state, in.server.Port()); err != nil {
		in.log.Warn("the API's port cannot be noted: workers with on_initiator_exit = keep would not find the next initiator", "error", err)
	}
}

// serve begins to answer, once every session that stands is known: a result
// that came before would be refused, and be lost.
func (in *Initiator) serve() {
	in.dispatcher.FinishResume()
	close(in.listening) // first: who is answered is told of workers
	in.server.Serve(in)
	if !in.volatile { // a private run is there for one task
		in.background.Go(func() { in.schedules.run(in.life, in.Plan().Schedules) })
	}
	in.came()
}

// keepLedger writes the ledger until the returned function is called. After an
// orderly end nothing runs on, and it is removed.
func (in *Initiator) keepLedger() (last func()) {
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		in.ledger.run(over)
	}()
	return func() {
		close(over)
		<-ended
		if in.supervisor.Quiesced() {
			return
		}
		if err := in.ledger.clear(); err != nil {
			in.log.Warn("remove what was noted of workers", "error", err)
		}
	}
}

// partFrom ends the keeper, or leaves it to the next initiator.
func (in *Initiator) partFrom(k *keeper.Keeper) error {
	if in.supervisor.Quiesced() {
		k.Detach()
		return nil
	}
	return k.Close()
}

// part is the very end of Run: this process becomes the next program where one
// was asked for, or that before again where this one could not come up.
func (in *Initiator) part(err error) error {
	if next := in.next.Load(); next != nil && in.supervisor.Quiesced() {
		return errors.Join(err, next.succeed())
	}
	select {
	case <-in.listening:
		return err
	default:
		return RevertUpgrade(err)
	}
}

// hushTime is how long requests may take to end before those that wait for
// something are cut short.
const hushTime = 200 * time.Millisecond

// hush stops listening while there is still somebody to answer what has been
// asked. Whoever connects from then on waits for the next program.
func (in *Initiator) hush() {
	closed := make(chan struct{})
	go func() { // ends within closeGrace; Run waits for that too
		defer close(closed)
		in.closeServer()
	}()
	select {
	case <-closed:
	case <-time.After(hushTime):
	}
}

// warnOfKeep says where on_initiator_exit = keep is not to be had: without
// pidfds and subreapers nobody could tell a worker from a stranger.
func (in *Initiator) warnOfKeep() {
	for _, s := range in.Plan().Workers {
		if s.OnInitiatorExit == "keep" && runtime.GOOS != "linux" {
			in.log.Warn("on_initiator_exit = keep needs Linux: here the worker ends with the initiator", "worker", s.Name)
		}
	}
}

// mortal is a plan whose workers all end with the initiator.
func mortal(p *plan.Plan) *plan.Plan {
	copied := *p
	copied.Workers = slices.Clone(p.Workers)
	for i := range copied.Workers {
		copied.Workers[i].OnInitiatorExit = "stop"
	}
	return &copied
}
