package linemark

// Split stands at the end of a piece whose line goes on later, before a line end
// that the program did not write. Continued stands at the beginning of the next
// piece of that line, behind its time and the name of its worker.
const (
	Split     = " (initiator: the line goes on)"
	Continued = "(initiator: the line before goes on) "
)
