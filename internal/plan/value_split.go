package plan

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"initiator/internal/shellwords"
)

var commandLine = kind[[]string]{name: "command line", format: formatCommand, parse: func(s string) ([]string, error) {
	words, err := splitCommand(s)
	if err == nil && len(words) == 0 {
		return nil, valueFault{"the command line is empty", "write a program and its arguments"}
	}
	if err == nil && words[0] == "" {
		return nil, valueFault{"the program's name is empty", "write a program before its arguments"}
	}
	return words, err
}}

// splitCommand cuts a line into words, see shellwords.
func splitCommand(s string) ([]string, error) {
	line := shellwords.SplitLine(s)
	if line.Quote != 0 {
		return nil, valueFault{fmt.Sprintf("the quotation that %c begins does not end", line.Quote), fmt.Sprintf("add a %c, or write \\%c for a plain one", line.Quote, line.Quote)}
	}
	if line.Escaped {
		return nil, valueFault{"nothing follows the backslash at the end", `write \\ for a plain one`}
	}
	return line.Words, nil
}

var environment = kind[[]Entry]{name: "list of NAME=value", empty: true, format: formatEnvironment, parse: parseEnvironment}

var variable = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`) })

// parseEnvironment reads supervisord's form: NAME=value,OTHER="a, b". The end
// of a line separates variables as a comma does.
func parseEnvironment(s string) ([]Entry, error) {
	var entries []Entry
	for i, item := range commaItems(s) {
		entry, err := parseVariable(item)
		if errors.Is(err, errNotVariable) { // not quoted: it may be part of a secret
			return nil, valueFault{fmt.Sprintf("item %d sets no variable", i+1), `write NAME=value,OTHER="a, b"`}
		}
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

var errNotVariable = errors.New("not NAME=value")

func parseVariable(item string) (Entry, error) {
	name, value, ok := strings.Cut(item, "=")
	name = strings.TrimSpace(name)
	if !ok || !variable().MatchString(name) {
		return Entry{}, errNotVariable
	}
	if fault := checkVariableName(name); fault != nil {
		return Entry{}, *fault
	}
	value = strings.TrimSpace(value)
	if n := len(value); n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
		value = value[1 : n-1]
	}
	return Entry{Key: name, Value: value, Valued: true}, nil
}

// checkVariableName refuses a variable that only the initiator sets; nil = it may
// be set.
func checkVariableName(name string) *valueFault {
	switch {
	case strings.HasPrefix(name, "INITIATOR_"):
		return &valueFault{name + " is set by the initiator itself", "choose a name that does not begin with INITIATOR_"}
	case IsReservedVariable(name):
		return &valueFault{name + " is set by the initiator itself, where it has a meaning", "choose another name"}
	}
	return nil
}

// IsReservedVariable reports whether a variable tells a process something about
// its own parent: INITIATOR_* of a worker, and systemd's variables of sockets,
// readiness and watchdog. No process inherits them, because it would adopt the
// initiator's sockets or answer in the initiator's name, and the keys environment and
// env_file cannot set them.
func IsReservedVariable(name string) bool {
	switch name {
	case "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDNAMES":
		return true
	}
	return strings.HasPrefix(name, "INITIATOR_")
}

// commaItems splits at commas and line ends outside quotation marks.
func commaItems(s string) []string {
	var all []string
	var quote rune
	begin := 0
	cut := func(end int) {
		if item := strings.TrimSpace(s[begin:end]); item != "" {
			all = append(all, item)
		}
		begin = end + 1
	}
	for i, r := range s {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote = r
		case quote == 0 && (r == ',' || r == '\n'):
			cut(i)
		}
	}
	cut(len(s))
	return all
}
