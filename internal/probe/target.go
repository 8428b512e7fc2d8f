package probe

import "time"

// Target is one worker to probe.
type Target struct {
	GUID        string
	Incarnation int
	PID         int    // of the worker's first process
	Kind        string // "webhook", "ding", "http", "tcp" or "exec"; "line" or "notify" for hints alone
	Path        string // of "http"
	Lacks       string // what the worker lacks until it is ready, for "line" and "notify"

	Host      string // the address at which the port was reserved
	Port      int    // 0 = the worker has none, which only "exec" allows
	Addr      string // host:port to connect to
	Inherited bool   // the worker inherited its listening socket: no other process can have the port

	Channel int    // the webhook channel
	Token   string // the worker's own secret, with which it proves itself

	// Liveness probes a running worker every Interval until Forget. Without it
	// the target is a worker that starts, which is probed until it is ready.
	Liveness bool
	Interval time.Duration
	Timeout  time.Duration // of one request; 0 = 2 s
	Failing  bool          // the last liveness probe failed, so that a success is reported
}

// requestTimeout is the timeout of a request for a target that names none.
const requestTimeout = 2 * time.Second

func (t *Target) requestTimeout() time.Duration {
	if t.Timeout > 0 {
		return t.Timeout
	}
	return requestTimeout
}

// watched is a target with the prober's own state.
type watched struct {
	Target
	owned bool          // its listening socket was found among its descriptors
	busy  bool          // a request is under way
	began time.Time     // the first probe
	pause time.Duration // between two readiness probes
	next  time.Time     // the next probe
	hint  string        // the last reason that was reported

	otherPorts  string        // the clause of the last findOtherPorts
	searchPause time.Duration // between two of them
	nextSearch  time.Time
}

// scheduleNext sets the time of the next probe: readiness probes become rarer
// and rarer, so that a slow worker waits a quarter longer than it needs at most.
func (t *watched) scheduleNext(now time.Time) {
	switch {
	case t.Liveness:
		t.next = now.Add(t.Interval)
		return
	case t.onlyHints():
		t.next = now.Add(max(t.searchPause, hintDelay))
		return
	}
	t.next = now.Add(t.pause)
	t.pause = min(t.pause*5/4, longestPause)
}
