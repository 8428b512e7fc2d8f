package output

import (
	"bytes"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"initiator/initiator/report"
	"initiator/internal/loglevel"
	"initiator/internal/supervise"
)

type stage struct {
	*Relay
	out, err, log bytes.Buffer
}

func newStage(level hclog.Level) *stage {
	s := &stage{}
	logger := hclog.New(&hclog.LoggerOptions{Output: &s.log, Level: level, DisableTime: true})
	s.Relay = &Relay{Stdout: &s.out, Stderr: &s.err, Logger: logger}
	return s
}

// said returns lines of a worker. To is where they are shown; "" = nowhere.
func said(stream, to string, lines ...string) supervise.Lines {
	return supervise.Lines{
		Name: "adder", Index: 1, GUID: "g", Incarnation: 3, Stream: stream, To: to, Prefixed: true, Format: loglevel.Auto, Lines: lines,
	}
}

const warning = `{"@level":"warn","@message":"hot","@module":"m","degrees":90}`

// Lines for the initiator's own output are shown there alone and unchanged. Other
// lines of stderr are logged at their level.
func TestRelay(t *testing.T) {
	tests := []struct {
		what           string
		level          hclog.Level
		lines          supervise.Lines
		out, err, logs string
	}{
		{"stdout to stdout", hclog.Trace, said("stdout", "stdout", "a", warning), "adder:1 | a\nadder:1 | " + warning + "\n", "", ""},
		{"stdout to stderr", hclog.Trace, said("stdout", "stderr", "a"), "", "adder:1 | a\n", ""},
		{"stdout in a file", hclog.Trace, said("stdout", "", "a"), "", "", ""},
		{"stderr to stderr", hclog.Trace, said("stderr", "stderr", "a", "b"), "", "adder:1 | a\nadder:1 | b\n", ""},
		{"stderr to stdout", hclog.Trace, said("stderr", "stdout", "a"), "adder:1 | a\n", "", ""},
		{"a level changes no byte", hclog.Error, said("stderr", "stderr", warning), "", "adder:1 | " + warning + "\n", ""},
		{"bytes", hclog.Trace, said("stderr", "stderr", "\xff\x1b[2J\x00\u202e\r"), "", "adder:1 | \xff\x1b[2J\x00\u202e\r\n", ""},
		{"stderr in a file is logged at its level", hclog.Warn, said("stderr", "", warning), "", "", "[WARN]  " + warning + ": worker=adder:1 incarnation=3\n"},
		{"and filtered", hclog.Error, said("stderr", "", warning), "", "", ""},
		{"and at debug without a level", hclog.Debug, said("stderr", "", "a"), "", "", "[DEBUG] a: worker=adder:1 incarnation=3\n"},
		{"but not at info", hclog.Info, said("stderr", "", "a"), "", "", ""},
	}
	for _, tt := range tests {
		for _, prefixed := range []bool{true, false} {
			s := newStage(tt.level)
			tt.lines.Prefixed = prefixed
			s.RelayLines(tt.lines)
			shown := func(text string) string {
				if prefixed {
					return text
				}
				return strings.ReplaceAll(text, "adder:1 | ", "")
			}
			if s.out.String() != shown(tt.out) || s.err.String() != shown(tt.err) || s.log.String() != tt.logs {
				t.Errorf("%s, prefixed: %v:\nstdout %q\nstderr %q\nlog %q", tt.what, prefixed, &s.out, &s.err, &s.log)
			}
		}
	}
}

// TestRelayMarksPieces: a piece of a line is a line with a mark, which has no level.
func TestRelayMarksPieces(t *testing.T) {
	const prefix = "adder:1 | "
	const want = prefix + "level=warn  (initiator: the line goes on)\n" +
		prefix + "(initiator: the line before goes on) level=error  (initiator: the line goes on)\n" +
		prefix + "(initiator: the line before goes on) level=error\n"
	for _, stream := range []string{"stdout", "stderr"} {
		for _, to := range []string{"stdout", "stderr"} {
			for _, prefixed := range []bool{true, false} {
				s := newStage(hclog.Trace)
				sayPieces(s, stream, to, prefixed)
				shown := want
				if !prefixed {
					shown = strings.ReplaceAll(want, prefix, "")
				}
				if got := s.out.String() + s.err.String(); got != shown || s.log.Len() > 0 {
					t.Errorf("%s to %s: %q, log %q", stream, to, got, &s.log)
				}
			}
		}
	}
	s := newStage(hclog.Trace)
	sayPieces(s, "stderr", "", true)
	const about = ": worker=adder:1 incarnation=3\n"
	if want := "[WARN]  level=warn  (initiator: the line goes on)" + about +
		"[DEBUG] (initiator: the line before goes on) level=error  (initiator: the line goes on)" + about +
		"[DEBUG] (initiator: the line before goes on) level=error" + about; s.log.String() != want {
		t.Errorf("log %q", &s.log)
	}
}

// sayPieces relays a line in three pieces.
func sayPieces(s *stage, stream, to string, prefixed bool) {
	for _, l := range []struct {
		text               string
		partial, continued bool
	}{{"level=warn ", true, false}, {"level=error ", true, true}, {"level=error", false, true}} {
		lines := said(stream, to, l.text)
		lines.Partial, lines.Continued, lines.Prefixed = l.partial, l.continued, prefixed
		s.RelayLines(lines)
	}
}

// log_parse = none gives no line a level.
func TestRelayWithoutFormat(t *testing.T) {
	s := newStage(hclog.Debug)
	l := said("stderr", "", warning)
	l.Format = loglevel.None
	s.RelayLines(l)
	if want := "[DEBUG] " + warning + ": worker=adder:1 incarnation=3\n"; s.log.String() != want {
		t.Errorf("%q, want %q", &s.log, want)
	}
}

func TestRelaySaysWhatIsMissing(t *testing.T) {
	for _, stream := range []string{"stdout", "stderr"} {
		s := newStage(hclog.Info)
		l := said(stream, stream, "a")
		l.Dropped = 7
		s.RelayLines(l)
		const want = "adder:1 | (initiator: 7 lines are missing here, because they came too fast)\nadder:1 | a\n"
		if got := s.out.String() + s.err.String(); got != want {
			t.Errorf("%s: %q", stream, got)
		}
	}
}

// TestRelayPanic: one record, whatever tells that the process has ended. It repeats
// no line that was shown.
func TestRelayPanic(t *testing.T) {
	ends := map[string]func(*stage, string){
		"its death":     func(s *stage, _ string) { s.NoteTransition(report.Event{GUID: "g", Incarnation: 3}) },
		"its successor": func(s *stage, _ string) { s.NoteTransition(report.Event{GUID: "g", Incarnation: 4, PID: 9}) },
		"its successor's output": func(s *stage, to string) {
			l := said("stderr", to, "b")
			l.Incarnation = 4
			s.RelayLines(l)
		},
		"the end of everything": func(s *stage, _ string) { s.EndAll() },
	}
	const lines = "adder:1 | a\nadder:1 | panic: boom\nadder:1 | \nadder:1 | goroutine 1 [running]:\nadder:1 | main.main()\n"
	for what, end := range ends {
		for _, to := range []string{"", "stderr"} {
			s := newStage(hclog.Info)
			s.RelayLines(said("stderr", to, "a", "panic: boom", ""))
			s.RelayLines(said("stderr", to, "goroutine 1 [running]:", "main.main()"))
			s.NoteTransition(report.Event{GUID: "other", Incarnation: 1})
			s.NoteTransition(report.Event{GUID: "g", Incarnation: 3, PID: 9}) // the process lives
			if s.log.Len() > 0 {
				t.Errorf("%s: too early: %s", what, &s.log)
			}
			end(s, to)
			shown, log := to != "", s.log.String()
			if strings.Count(log, "[ERROR] panic: boom: worker=adder:1 incarnation=3") != 1 || strings.Contains(log, "main.main()") == shown ||
				strings.HasPrefix(s.err.String(), lines) != shown || len(s.folds) != 0 {
				t.Errorf("%s, to %q: log %s\nstderr %s", what, to, log, &s.err)
			}
		}
	}
}

// Without outputs of the initiator, the log gets what workers write to stderr and
// what is for the initiator's stderr.
func TestRelayWithoutOutputs(t *testing.T) {
	s := newStage(hclog.Debug)
	s.Stdout, s.Stderr = nil, nil
	s.RelayLines(said("stdout", "stdout", "a"))
	s.RelayLines(said("stderr", "stderr", "b"))
	s.RelayLines(said("stderr", "stdout", "c"))
	s.RelayLines(said("stdout", "stderr", warning))
	const about = ": worker=adder:1 incarnation=3\n"
	if want := "[DEBUG] b" + about + "[DEBUG] c" + about + "[WARN]  " + warning + about; s.log.String() != want {
		t.Errorf("%s", &s.log)
	}
}
