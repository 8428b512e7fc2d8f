package report

import "time"

// Event is one change of a worker's state, readiness or incarnation.
type Event struct {
	Seq         uint64    `json:"seq"` // counts from 1 over all workers, without a gap
	At          time.Time `json:"at"`
	GUID        string    `json:"guid"`
	Name        string    `json:"name"`
	Index       int       `json:"index"`
	Incarnation int       `json:"incarnation"`
	From        State     `json:"from"`
	To          State     `json:"to"`
	Ready       bool      `json:"ready"`
	Reason      string    `json:"reason"`
	PID         int       `json:"pid,omitempty"`
	Port        int       `json:"port,omitempty"`
	Exit        *Exit     `json:"exit,omitempty"` // of the process that has ended
	Began       time.Time `json:"began,omitzero"` // when the incarnation was ordered
}
