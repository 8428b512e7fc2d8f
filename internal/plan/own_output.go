package plan

import "initiator/internal/supervisord"

// The paths of the initiator's own outputs. Log.Path holds OwnOutput where both
// streams of a worker go to the output of the same name, and StdoutPath or
// StderrPath where one stream crosses over.
const (
	OwnOutput  = "-"
	StdoutPath = "/dev/stdout"
	StderrPath = "/dev/stderr"
)

// OwnOutput returns the initiator's own output that a log leads to, "stdout" or
// "stderr"; "" = the log is a file, or the output is dropped. Stream is the
// stream of the worker that has this log.
func (l Log) OwnOutput(stream string) string {
	switch l.Path {
	case OwnOutput:
		return stream
	case StdoutPath:
		return "stdout"
	case StderrPath:
		return "stderr"
	}
	return ""
}

// IsFile reports whether the output is kept in a file.
func (l Log) IsFile() bool { return l.Path != "" && l.OwnOutput("stdout") == "" }

// LogOf returns the log of a stream, which is "stdout" or "stderr". With
// redirect_stderr both streams have the log of stdout.
func (s *Spec) LogOf(stream string) Log {
	if stream == "stderr" && !s.RedirectStderr {
		return s.Stderr
	}
	return s.Stdout
}

// OwnOutputOf returns the initiator's own output that a stream of the worker goes
// to, "stdout" or "stderr"; "" = none.
func (s *Spec) OwnOutputOf(stream string) string {
	if s.RedirectStderr {
		stream = "stdout"
	}
	return s.LogOf(stream).OwnOutput(stream)
}

// PrefixesOutput reports whether the name of the worker stands before the lines
// that a worker of s writes to the initiator's own output. Workers is the number of
// workers that the initiator has: with log_prefix = auto, the lines of a single
// worker have no prefix.
func (s *Spec) PrefixesOutput(workers int) bool {
	switch s.LogPrefix {
	case PrefixName:
		return true
	case PrefixNone:
		return false
	}
	return workers > 1
}

// The values of log_prefix.
const (
	PrefixAuto = "auto"
	PrefixName = "name"
	PrefixNone = "none"
)

// The values of log_full.
const (
	FullAuto  = "auto"
	FullBlock = "block"
	FullDrop  = "drop"
)

// ownLogPath returns the value of Log.Path for a path that leads to the initiator's
// own output; ok is false for any other path. The meaning is that of the path in
// the initiator itself: the keeper, which opens log files, has other outputs. Absolute
// makes a path absolute, so that its symbolic links can be followed.
func ownLogPath(name, stream string, absolute func(string) string) (own string, ok bool) {
	fd, ok := supervisord.DescriptorOf(absolute(name))
	switch {
	case name == OwnOutput, ok && fd == 1 && stream == "stdout", ok && fd == 2 && stream == "stderr":
		return OwnOutput, true
	case ok && fd == 1:
		return StdoutPath, true
	case ok && fd == 2:
		return StderrPath, true
	}
	return "", false
}

// ownLogFile returns the value of Settings.LogFile for a logfile that is the
// initiator's own output; ok is false for any other path.
func ownLogFile(name string, absolute func(string) string) (own string, ok bool) {
	own, ok = ownLogPath(name, "stderr", absolute)
	if own == OwnOutput {
		own = ""
	}
	return own, ok
}

// checkLogPaths reports logs at a descriptor of the initiator that is no output.
func (d *draft) checkLogPaths(section string, s *Spec) {
	d.checkLogPath(section, "stdout_logfile", s.Stdout.Path)
	if !s.RedirectStderr {
		d.checkLogPath(section, "stderr_logfile", s.Stderr.Path)
	}
}

func (d *draft) checkLogPath(section, key, name string) {
	if fd, ok := supervisord.DescriptorOf(name); ok && fd != 1 && fd != 2 {
		problem, remedy := supervisord.NoOutput(name, fd)
		d.addFault(section, key, problem, remedy)
	}
}
