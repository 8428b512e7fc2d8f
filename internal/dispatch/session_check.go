package dispatch

import (
	"time"

	"initiator/internal/webhook"
)

// checkSession asks a connected worker whether its session still stands. The
// worker gets no tasks until it has answered. A worker that has lost its master
// accepts a new session; it would otherwise send no heartbeat any more, and be
// killed.
func (d *Dispatcher) checkSession(p *workerConn) {
	if !p.connected {
		return // it is being connected
	}
	p.connected = false
	d.updateBalancer(p)
	p.resumed.Store(true) // "already connected" means that the session stands
	d.goTracked(func() {
		if answer, stands, err := d.connectUntilAccepted(p.ctx, p); err == nil {
			d.mailbox.Put(sessionCheckedMessage{p, answer, stands})
		}
	})
}

type sessionCheckedMessage struct {
	conn   *workerConn
	answer webhook.ConnectAnswer
	stands bool
}

func (m sessionCheckedMessage) applyMessage(d *Dispatcher, _ time.Time) {
	p := m.conn
	if d.workers[p.workerID] != p {
		return
	}
	p.resumed.Store(false)
	if m.stands {
		p.connected = true
		d.updateBalancer(p)
		d.resendAttempts(p)
		return
	}
	d.log.Info("the worker had lost its master, and is connected again", d.aboutWorker(p.workerID)...)
	p.stopServing()
	d.serveSession(p.newServingContext(), p, func() (webhook.ConnectAnswer, bool, error) { return m.answer, false, nil }, nil)
}
