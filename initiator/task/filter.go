package task

// Filter says which tasks to list. Zero fields do not filter.
type Filter struct {
	Pool  string
	State State
	Limit int // 0 = 100
}

// Counts is the number of tasks in each state.
type Counts map[State]int
