package output

import (
	"bytes"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"initiator/initiator/report"
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

func said(stream string, own bool, lines ...string) supervise.Lines {
	return supervise.Lines{Name: "adder", Index: 1, GUID: "g", Incarnation: 3, Stream: stream, Own: own, Lines: lines}
}

const warning = `{"@level":"warn","@message":"hot","@module":"m","degrees":90}`

func TestRelay(t *testing.T) {
	tests := []struct {
		what           string
		level          hclog.Level
		lines          supervise.Lines
		out, err, logs string
	}{
		{"stdout of its own", hclog.Info, said("stdout", true, "a", warning), "adder:1 | a\nadder:1 | " + warning + "\n", "", ""},
		{"stdout in a file", hclog.Trace, said("stdout", false, "a"), "", "", ""},
		{"stderr of its own", hclog.Info, said("stderr", true, "a", "b"), "", "adder:1 | a\nadder:1 | b\n", ""},
		{"levels are kept", hclog.Info, said("stderr", true, warning), "", "", "[WARN]  hot: worker=adder:1 incarnation=3 module=m degrees=90\n"},
		{"and filtered", hclog.Error, said("stderr", true, warning), "", "", ""},
		{"stderr in a file is shown at debug", hclog.Debug, said("stderr", false, "a"), "", "", "[DEBUG] a: worker=adder:1 incarnation=3\n"},
		{"and not at info", hclog.Info, said("stderr", false, "a"), "", "", ""},
	}
	for _, tt := range tests {
		s := newStage(tt.level)
		s.RelayLines(tt.lines)
		if s.out.String() != tt.out || s.err.String() != tt.err || s.log.String() != tt.logs {
			t.Errorf("%s:\nstdout %q\nstderr %q\nlog %q", tt.what, &s.out, &s.err, &s.log)
		}
	}
}

// TestRelayMarksPieces: a piece of a line is a line with a mark.
func TestRelayMarksPieces(t *testing.T) {
	for _, stream := range []string{"stdout", "stderr"} {
		s := newStage(hclog.Info)
		for _, l := range []struct {
			text               string
			partial, continued bool
		}{{"name: ", true, false}, {"and ", true, true}, {"end", false, true}} {
			lines := said(stream, true, l.text)
			lines.Partial, lines.Continued = l.partial, l.continued
			s.RelayLines(lines)
		}
		const want = "adder:1 | name:  (initiator: the line goes on)\n" +
			"adder:1 | (initiator: the line before goes on) and  (initiator: the line goes on)\n" +
			"adder:1 | (initiator: the line before goes on) end\n"
		if got := s.out.String() + s.err.String(); got != want {
			t.Errorf("%s: %q", stream, got)
		}
	}
}

func TestRelaySaysWhatIsMissing(t *testing.T) {
	for _, stream := range []string{"stdout", "stderr"} {
		s := newStage(hclog.Info)
		l := said(stream, true, "a")
		l.Dropped = 7
		s.RelayLines(l)
		const want = "adder:1 | (initiator: 7 lines are missing here, because they came too fast)\nadder:1 | a\n"
		if got := s.out.String() + s.err.String(); got != want {
			t.Errorf("%s: %q", stream, got)
		}
	}
}

// TestRelayPanic: one record, whatever tells that the process has ended.
func TestRelayPanic(t *testing.T) {
	ends := map[string]func(*stage){
		"its death":              func(s *stage) { s.NoteTransition(report.Event{GUID: "g", Incarnation: 3}) },
		"its successor":          func(s *stage) { s.NoteTransition(report.Event{GUID: "g", Incarnation: 4, PID: 9}) },
		"its successor's output": func(s *stage) { l := said("stderr", true, "b"); l.Incarnation = 4; s.RelayLines(l) },
		"the end of everything":  func(s *stage) { s.EndAll() },
	}
	for what, end := range ends {
		s := newStage(hclog.Info)
		s.RelayLines(said("stderr", true, "a", "panic: boom", ""))
		s.RelayLines(said("stderr", true, "goroutine 1 [running]:", "main.main()"))
		s.NoteTransition(report.Event{GUID: "other", Incarnation: 1})
		s.NoteTransition(report.Event{GUID: "g", Incarnation: 3, PID: 9}) // it lives: not its end
		if s.log.Len() > 0 {
			t.Errorf("%s: too early: %s", what, &s.log)
		}
		end(s)
		log := s.log.String()
		if strings.Count(log, "[ERROR] panic: boom: worker=adder:1 incarnation=3") != 1 || !strings.Contains(log, "main.main()") ||
			strings.Count(log, "[") != 2 || strings.Contains(s.err.String(), "panic") || len(s.folds) != 0 {
			t.Errorf("%s: log %s\nstderr %s", what, log, &s.err)
		}
	}
}

func TestRelayWithoutOutputs(t *testing.T) {
	s := newStage(hclog.Debug)
	s.Stdout, s.Stderr = nil, nil
	s.RelayLines(said("stdout", true, "a"))
	s.RelayLines(said("stderr", true, "b"))
	if s.log.String() != "[DEBUG] b: worker=adder:1 incarnation=3\n" {
		t.Errorf("%s", &s.log)
	}
}
