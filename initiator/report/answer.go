package report

// Result is the answer to a request, about a single worker.
type Result struct {
	Worker Worker `json:"worker"`
	// EmptyProven says, after a stop, that no process of the worker is left;
	// false = best effort, see Worker.Unattributed.
	EmptyProven bool `json:"proven"`
	// Left is how many processes a stop or the end before a restart has left
	// (leave_descendants). They belong to no worker: see LeftProcess.
	Left int `json:"left,omitempty"`
	// Error says why the worker is not in the requested state; "" = it is.
	Error string `json:"error,omitempty"`
	// Note says what a reload of the worker has done.
	Note string `json:"note,omitempty"`
	// Replaced says that a later request wants the opposite for the worker.
	Replaced bool `json:"replaced,omitempty"`
}

// Explanation is the answer of `why` about one worker: a sentence, and its
// parts.
type Explanation struct {
	Sentence string `json:"sentence"`
	Worker   Worker `json:"worker"`
	// NextIn is the time until NextStart, at the time of the answer.
	NextIn string `json:"next_in,omitempty"`
	// LastOutput is the last lines of the process that has died, oldest first:
	// of stderr or, if it is empty, of stdout. Explain leaves it empty; a
	// caller with access to the logs fills it in.
	LastOutput []string `json:"last_words,omitempty"`
	// LogProblem says which logs of the worker cannot be read, and why; "" = none.
	// Explain leaves it empty as well.
	LogProblem string `json:"log_error,omitempty"`
}
