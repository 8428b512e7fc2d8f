package realdaemons

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// daemon is a program that knows nothing of the initiator.
type daemon struct {
	worker   string   // the name of its worker in the INI
	programs []string // what must be installed
	// prepare writes the files of the daemon and returns its requests.
	prepare func(s *system) request
	clients int
	// reloaded waits until the daemon has read its configuration again; nil
	// means that the daemon has no reload.
	reloaded func(s *system)
	// replaced lets the daemon start its successor, waits until the successor runs, and
	// lets the old main process end; nil means that the daemon cannot do that.
	replaced func(s *system)
	// restarted tells which requests a restart may cost the daemon's clients.
	restarted cost
}

// cost is what may become of requests during an order.
type cost int

const (
	costNothing cost = iota // every request is answered
	costRefused             // requests may be refused, and none that was accepted is lost
	costAll                 // the daemon itself loses requests
)

// TestDaemons gives every daemon the same orders under load.
func TestDaemons(t *testing.T) {
	for _, d := range []daemon{nginx, nginxInBackground, gunicorn, gunicornReplaced, phpFPM, redis, postgres, celery} {
		t.Run(d.worker, func(t *testing.T) { giveOrders(t, d) })
	}
}

// giveOrders starts a daemon and gives it all orders while clients send requests.
func giveOrders(t *testing.T, d daemon) {
	for _, name := range d.programs {
		if _, err := exec.LookPath(name); err != nil {
			t.Fatal(err)
		}
	}
	s := newSystem(t)
	send := d.prepare(s)
	s.begin()
	l := startLoad(t, d.clients, send)
	l.awaitAnswers(t, 1)
	l.take()
	r := run{s, d, l}
	if d.reloaded != nil {
		r.order("reload", costNothing, func() {
			s.verb("reload", d.worker)
			d.reloaded(s)
		})
	}
	r.order("restart", d.restarted, func() { s.verb("restart", d.worker) })
	if d.replaced != nil {
		r.order("replace", costNothing, func() {
			old := s.pid(d.worker)
			d.replaced(s)
			r.awaitOther(old)
		})
	}
	r.order("upgrade of the initiator", costNothing, func() { s.verb("upgrade") })
	r.kills()
	l.end()
	s.stopAll()
}

// run is a daemon under load.
type run struct {
	*system
	daemon daemon
	load   *load
}

// kills ends the initiator, the keeper and the daemon in each order.
func (r run) kills() {
	main := r.pid(r.daemon.worker)
	r.order("kill -9 of the initiator", costNothing, func() {
		r.kill(r.up.Process.Pid)
		r.load.awaitAnswers(r.t, 1)
		r.begin()
	})
	if pid := r.pid(r.daemon.worker); pid != main {
		r.t.Errorf("the kept daemon has pid %d, was %d", pid, main)
	}
	r.order("kill -9 of the daemon", costAll, func() {
		old := r.pid(r.daemon.worker)
		r.kill(old)
		r.awaitOther(old)
	})
	r.order("kill -9 of the keeper", costAll, func() {
		r.kill(r.keeper())
		r.awaitReady()
	})
	r.order("kill -9 of the initiator, then of the keeper", costAll, func() {
		keeper := r.keeper()
		r.kill(r.up.Process.Pid)
		r.kill(keeper)
		r.begin()
	})
	r.order("kill -9 of the keeper, then of the initiator", costAll, func() {
		r.kill(r.keeper())
		r.kill(r.up.Process.Pid)
		r.begin()
	})
}

// order gives an order under load, and compares what it cost with what it may.
func (r run) order(name string, may cost, give func()) {
	r.t.Helper()
	r.load.take()
	give()
	r.awaitReady()
	r.load.awaitAnswers(r.t, r.daemon.clients)
	r.checkProcesses(r.mains())
	c := r.load.take()
	r.t.Logf("%s: %d answered, %d refused, %d lost", name, c.Answered, c.Refused, c.Lost)
	if c.Lost > 0 && may < costAll || c.Refused > 0 && may < costRefused {
		r.t.Errorf("%s: %d requests were refused and %d lost, the first with: %v", name, c.Refused, c.Lost, c.FirstLoss)
	}
}

// awaitOther waits until the worker has another main process.
func (r run) awaitOther(old int) {
	r.t.Helper()
	r.await("another main process", func() error {
		out, err := r.tryRun(program, "pid", r.daemon.worker)
		if err != nil {
			return err
		}
		if pid := strings.TrimSpace(out); pid == "0" || pid == strconv.Itoa(old) {
			return fmt.Errorf("pid is %s", pid)
		}
		return nil
	})
}
