package task

// Filter selects the tasks of a list. A zero Pool or State selects every pool or
// state.
type Filter struct {
	Pool  string
	State State
	Limit int // the most tasks in the list; 0 = 100
}

// Counts is the number of tasks in each state.
type Counts map[State]int
