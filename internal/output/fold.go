package output

import "strings"

// Record is a line, or the trace of a panic.
type Record struct {
	// Text is the line, or the first line of a trace.
	Text string
	// Trace is the whole text of a panic; "" = the record is a line.
	Trace string
	// Missing is the number of lines that were cut from a long trace.
	Missing int
}

// These limit a trace in lines and bytes, and the number of lines between
// "panic:" and its first goroutine.
const (
	traceLines = 2000
	traceBytes = 256 << 10
	headLines  = 50
)

// Fold turns the lines of one process into records. A line that begins like the
// last output of a Go runtime is held until a goroutine follows: then all lines
// up to the end of the process are one trace. Where no goroutine follows, the
// held lines are plain lines. The zero value is ready to use.
type Fold struct {
	held    []string
	size    int
	trace   bool // a goroutine line has followed
	missing int
}

// TakeLine returns the records that a line completes.
func (f *Fold) TakeLine(text string) []Record {
	switch {
	case f.trace:
		f.holdLine(text)
		return nil
	case len(f.held) == 0 && !beginsTrace(text):
		return []Record{{Text: text}}
	}
	f.holdLine(text)
	f.trace = isGoroutineLine(text)
	if !f.trace && len(f.held) >= headLines {
		return f.EndProcess()
	}
	return nil
}

// EndProcess returns the held lines as records, when the process has ended.
func (f *Fold) EndProcess() (records []Record) {
	if f.trace {
		text := strings.Join(f.held, "\n")
		records = []Record{{Text: f.held[0], Trace: text, Missing: f.missing}}
	} else {
		for _, text := range f.held {
			records = append(records, Record{Text: text})
		}
	}
	*f = Fold{}
	return records
}

// holdLine holds a line, or counts it when the trace is too long.
func (f *Fold) holdLine(text string) {
	if f.trace && (len(f.held) >= traceLines || f.size+len(text) > traceBytes) {
		f.missing++
		return
	}
	f.held = append(f.held, text)
	f.size += len(text)
}

// beginsTrace reports whether a line begins like the output with which the Go
// runtime ends a process.
func beginsTrace(text string) bool {
	for _, head := range []string{"panic: ", "fatal error: ", "SIGQUIT: ", "SIGABRT: ", "unexpected fault address ", "runtime: goroutine stack exceeds "} {
		if strings.HasPrefix(text, head) {
			return true
		}
	}
	return false
}

// isGoroutineLine matches "goroutine 1 [running]:", also with the additions of
// GOTRACEBACK=system.
func isGoroutineLine(text string) bool {
	return strings.HasPrefix(text, "goroutine ") && strings.HasSuffix(text, "]:")
}
