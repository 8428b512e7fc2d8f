package output

import "strings"

// Record is a line, or the trace of a panic.
type Record struct {
	Line
	// Trace is the whole text of a panic, of which Message is the first line;
	// "" = it is a line.
	Trace string
	// Missing counts the lines by which the trace is too long.
	Missing int
}

// How long a trace may be, in lines and bytes; and for how many lines after
// "panic:" its first goroutine may be waited for.
const (
	traceLines = 2000
	traceBytes = 256 << 10
	headLines  = 50
)

// Fold makes records of the lines that one process writes. A line that begins
// as a Go runtime's last words do is held until a goroutine follows; then it is
// a trace, and so is everything up to the process's end. Where none follows,
// it was only a line that looked like it. The zero value is ready.
type Fold struct {
	held    []string
	size    int
	trace   bool // a goroutine was seen
	missing int
}

// TakeLine returns the records that a line completes.
func (f *Fold) TakeLine(text string) []Record {
	switch {
	case f.trace:
		f.holdLine(text)
		return nil
	case len(f.held) == 0 && !beginsTrace(text):
		return []Record{{Line: ClassifyLine(text)}}
	}
	f.holdLine(text)
	f.trace = isGoroutineLine(text)
	if !f.trace && len(f.held) >= headLines {
		return f.EndProcess()
	}
	return nil
}

// EndProcess returns what was held, when the process has ended.
func (f *Fold) EndProcess() (records []Record) {
	if f.trace {
		text := strings.Join(f.held, "\n")
		records = []Record{{Line: Line{Message: f.held[0]}, Trace: text, Missing: f.missing}}
	} else {
		for _, text := range f.held {
			records = append(records, Record{Line: ClassifyLine(text)})
		}
	}
	*f = Fold{}
	return records
}

func (f *Fold) holdLine(text string) {
	if f.trace && (len(f.held) >= traceLines || f.size+len(text) > traceBytes) {
		f.missing++
		return
	}
	f.held = append(f.held, text)
	f.size += len(text)
}

// beginsTrace says whether a line begins as the Go runtime begins when it ends a
// process.
func beginsTrace(text string) bool {
	for _, head := range []string{"panic: ", "fatal error: ", "SIGQUIT: ", "SIGABRT: ", "unexpected fault address ", "runtime: goroutine stack exceeds "} {
		if strings.HasPrefix(text, head) {
			return true
		}
	}
	return false
}

// isGoroutineLine matches "goroutine 1 [running]:", and what GOTRACEBACK=system adds.
func isGoroutineLine(text string) bool {
	return strings.HasPrefix(text, "goroutine ") && strings.HasSuffix(text, "]:")
}
