package task

// Filter selects the tasks of a list. A zero Pool or State selects every pool or
// state.
type Filter struct {
	Pool  string
	State State
	Limit int // the most tasks in one page; 0 = 100, at most 10,000
	// After continues a list: it is the Next of the page before. "" = the newest
	// tasks.
	After string
	// Data asks for the data, the result and the progress of each task as well.
	Data bool
}

// Page is a part of a list of tasks, newest submit first.
type Page struct {
	Tasks []Task `json:"tasks"`
	// Next is the Filter.After of the next page; "" = no task follows.
	Next string `json:"next,omitempty"`
	// Total is the number of tasks in all pages, when this page was made.
	Total int `json:"total"`
}

// Counts is the number of tasks in each state.
type Counts map[State]int
