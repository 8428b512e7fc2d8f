package report

import "time"

// Worker is what people and programs see of one worker. It holds no secret.
type Worker struct {
	GUID        string    `json:"guid"`
	Name        string    `json:"name"`  // of its definition, and so of its pool
	Index       int       `json:"index"` // among the workers of its pool, from 0
	Group       string    `json:"group,omitempty"`
	State       State     `json:"state"`
	Ready       bool      `json:"ready"`
	Reason      string    `json:"reason"`
	Since       time.Time `json:"since"`
	StateCode   int       `json:"statecode"` // the state as supervisord's number
	PID         int       `json:"pid,omitempty"`
	Port        int       `json:"port,omitempty"`
	Addr        string    `json:"addr,omitempty"` // host:port
	Incarnation int       `json:"incarnation"`
	Restarts    int       `json:"restarts"` // processes that were started after a death
	Deaths      int       `json:"deaths"`   // since restart_reset
	// DeathsInARow counts the deaths without a healthy life between them. See
	// KeepsFailing.
	DeathsInARow int       `json:"deaths_in_a_row,omitempty"`
	Started      time.Time `json:"started,omitzero"`
	// Began is when the last incarnation was ordered, and BeganBefore the
	// incarnation before it: the log lines between the two are the earlier
	// incarnation's.
	Began       time.Time `json:"began,omitzero"`
	BeganBefore time.Time `json:"began_before,omitzero"`
	LastExit    Exit      `json:"last_exit,omitzero"`
	Rule        string    `json:"rule,omitempty"` // of the restart policy, the one that applied last
	NextStart   time.Time `json:"next_start,omitzero"`
	WaitsFor    []string  `json:"waits_for,omitempty"`
	// WaitsInVain says that WaitsFor cannot be met unless a person acts.
	WaitsInVain  bool     `json:"waits_in_vain,omitempty"`
	Status       string   `json:"status,omitempty"` // the worker's own status line
	EmptyProven  bool     `json:"proven"`           // after the last stop, it is known that no process is left
	Unattributed []string `json:"strays,omitempty"`
	// Left is how many processes the last end has left (leave_descendants).
	Left int `json:"left,omitempty"`
	// Unenforced are the settings of the definition that are not in force in the
	// worker's process, each as a sentence without a full stop.
	Unenforced []string `json:"not_in_force,omitempty"`
	// LogFaults are the logs of the worker that are not written at present, each as a
	// sentence without a full stop.
	LogFaults []string `json:"log_faults,omitempty"`
}

// KeepsFailing reports whether the worker has died three times in a row and is
// not up. It is started again all the same.
func (w Worker) KeepsFailing() bool {
	return w.DeathsInARow >= FailingAfter && (w.State == Starting || w.State == Backoff)
}

// FailingAfter is how many deaths in a row make a worker count as failing: a
// command that waits for the worker then returns. The restart policy goes on.
const FailingAfter = 3
