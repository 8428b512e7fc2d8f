package lifecycle

// Session is what the dispatcher and one incarnation have agreed on.
type Session struct {
	// Token is chosen before the process starts, so that the next initiator
	// knows the token of every session.
	Token string
	// Slots and Legacy are what the worker has answered; Known says that it
	// has.
	Slots  int
	Legacy bool `json:"Blunt"` // it is a ding slave: one slot, no cancel
	Known  bool
}
