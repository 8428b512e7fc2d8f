package report

import (
	"strings"
	"time"
)

// LogQuery says which part of the output of workers to read.
type LogQuery struct {
	Stream string    // "stdout", "stderr" or "both"; "" = stdout
	Tail   int       // only the last so many lines; 0 = all
	Follow bool      // do not end; wait for what is written next
	Since  time.Time // only what was written from then on; zero = all
	Until  time.Time // only what was written before; zero = all. Not with Previous or Follow
	// Previous selects the incarnation before the last. Not with Follow.
	Previous bool
	// Current leaves out the files that were rotated away.
	Current bool
}

// LogLine is one line of a worker, or a piece of a line that is long or has no end
// yet.
type LogLine struct {
	At     time.Time `json:"at,omitzero"`
	Name   string    `json:"name"`
	GUID   string    `json:"guid"`
	Index  int       `json:"index"`
	Stream string    `json:"stream"`
	Level  string    `json:"level,omitempty"` // recognised in the line (log_parse), such as "warn"
	Line   string    `json:"line"`            // as it is in the log, with its time
	// Error says, in the place of a line, why the stream cannot be read; "" = it can.
	Error string `json:"error,omitempty"`
	// Partial says that the line goes on in the next piece of this stream, or that
	// its end is not written yet. Continued says that the text goes on with the line
	// of the last piece.
	Partial   bool `json:"partial,omitempty"`
	Continued bool `json:"continued,omitempty"`
}

// UnreadableLogsError is the error at the end of the lines of several logs, of which
// some could not be read.
type UnreadableLogsError struct {
	Logs []string // a sentence about each
}

// Error joins the sentences.
func (e *UnreadableLogsError) Error() string { return strings.Join(e.Logs, "; ") }
