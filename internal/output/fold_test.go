package output

import (
	"fmt"
	"strings"
	"testing"
)

// told writes records as a table can hold them: lines as they are, traces in
// brackets.
func told(records []Record) string {
	var all []string
	for _, r := range records {
		switch {
		case r.Trace != "":
			all = append(all, "["+strings.ReplaceAll(r.Trace, "\n", "|")+"]")
		default:
			all = append(all, r.Text)
		}
	}
	return strings.Join(all, ";")
}

func TestFold(t *testing.T) {
	tests := []struct{ what, lines, at, end string }{
		{"lines", "a;b", "a;b", ""},
		{"a panic", "a;panic: boom;;goroutine 1 [running]:;main.main();exit status 2", "a", "[panic: boom||goroutine 1 [running]:|main.main()|exit status 2]"},
		{"a panic of several lines", "panic: one;two [recovered];\tpanic: three;goroutine 7 gp=0x1 m=0 mp=0x2 [running]:;x", "", "[panic: one|two [recovered]|\tpanic: three|goroutine 7 gp=0x1 m=0 mp=0x2 [running]:|x]"},
		{"a deadlock", "fatal error: all goroutines are asleep - deadlock!;;goroutine 1 [select (no cases)]:", "", "[fatal error: all goroutines are asleep - deadlock!||goroutine 1 [select (no cases)]:]"},
		{"nil", "panic: runtime error: invalid memory address or nil pointer dereference;[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x0];;goroutine 1 [running]:", "", "[panic: runtime error: invalid memory address or nil pointer dereference|[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x0]||goroutine 1 [running]:]"},
		{"only a word", "panic: said a script;and went on", "", "panic: said a script;and went on"},
		{"not at its beginning", "http: panic serving x: boom;goroutine 5 [running]:", "http: panic serving x: boom;goroutine 5 [running]:", ""},
	}
	for _, tt := range tests {
		var f Fold
		var records []Record
		for _, line := range strings.Split(tt.lines, ";") {
			records = append(records, f.TakeLine(line)...)
		}
		if at, end := told(records), told(f.EndProcess()); at != tt.at || end != tt.end {
			t.Errorf("%s: %q, and at the end %q", tt.what, at, end)
		}
	}
}

// A process that writes "panic:" and keeps running is shown again soon. A trace
// without end is cut and counted.
func TestFoldIsBounded(t *testing.T) {
	var f Fold
	var got []Record
	for i := range headLines {
		got = append(got, f.TakeLine(fmt.Sprint("panic: ", i))...)
	}
	if len(got) != headLines {
		t.Errorf("%d of %d lines were released", len(got), headLines)
	}
	f.TakeLine("panic: x")
	f.TakeLine("goroutine 1 [running]:")
	for range 3 * traceLines {
		f.TakeLine(strings.Repeat("y", 500))
	}
	end := f.EndProcess()
	if len(end) != 1 || len(end[0].Trace) > traceBytes+traceLines || end[0].Missing == 0 ||
		strings.Count(end[0].Trace, "\n")+1+end[0].Missing != 3*traceLines+2 {
		t.Errorf("%d records, the first of %d bytes, %d lines missing", len(end), len(end[0].Trace), end[0].Missing)
	}
	if len(f.EndProcess()) != 0 {
		t.Error("the end holds something after the end")
	}
}

// FuzzFold: every line comes out once and in order, as itself or in a trace.
func FuzzFold(f *testing.F) {
	f.Add("a\npanic: x\n\ngoroutine 1 [running]:\nb")
	f.Add("panic: x\npanic: y\nfatal error: z\n{\"@level\":\"info\",\"@message\":\"m\"}")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<16 {
			return // long traces are cut
		}
		var fold Fold
		var out []string
		collect := func(records []Record) {
			for _, r := range records {
				if r.Trace != "" {
					out = append(out, r.Trace)
				} else {
					out = append(out, r.Text)
				}
			}
		}
		for _, line := range strings.Split(text, "\n") {
			collect(fold.TakeLine(line))
		}
		collect(fold.EndProcess())
		if got := strings.Join(out, "\n"); got != text && strings.Count(text, "\n") < traceLines {
			t.Errorf("%q came out as %q", text, got)
		}
	})
}
