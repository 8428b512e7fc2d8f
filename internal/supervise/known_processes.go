package supervise

import "initiator/internal/keeper"

// setEscaped records which descendants of a worker have left its session, so
// that the next initiator finds them when the keeper is killed.
func (l *loop) setEscaped(w *worker, list []keeper.EscapedProcess) {
	if len(w.escaped)+len(list) == 0 {
		return
	}
	w.escaped = list
	w.escapedChanges++
	l.saveSnapshot(w)
	if l.opts.OnProcesses != nil {
		l.opts.OnProcesses()
	}
}

// setUnattributed records the processes whose worker is unknown.
func (l *loop) setUnattributed(list []string) {
	if len(list) > 0 {
		l.log.Warn("processes that workers have started belong to no worker that is known; they end with the initiator", "processes", list)
	}
	l.unattributed.Store(&list)
}

// Unattributed names the processes, as "pid command", that descend from workers
// and whose worker is unknown.
func (s *Supervisor) Unattributed() []string {
	if list := s.unattributed.Load(); list != nil {
		return *list
	}
	return nil
}
