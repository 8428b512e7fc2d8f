package supervise

import "initiator/initiator/keeper"

// adopted is the news that a keeper watches over a process that another had
// started.
func (l *loop) adopted(w *worker, e keeper.Event) {
	w.unheld = w.port != nil && w.port.Mode != "bind" && !e.Socket
	line := l.log.Info
	if e.Error != "" {
		line = l.log.Warn
	}
	line("its keeper was killed; it was adopted", "worker", w.pool.spec.Name, "guid", w.guid, "pid", e.PID, "lost", e.Error+"what it wrote in between")
}
