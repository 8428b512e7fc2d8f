package plan

import (
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"initiator/internal/spelling"
)

var text = kind[string]{name: "text", parse: func(s string) (string, error) { return s, nil }}

// path is made absolute later by settleWorker.
var path = kind[string]{name: "path", parse: text.parse}

// oneOf returns the kind of a word from a closed set.
func oneOf(words ...string) kind[string] {
	return kind[string]{name: strings.Join(words, ", "), parse: func(s string) (string, error) {
		for _, w := range words {
			if s == w {
				return w, nil
			}
		}
		if near, ok := spelling.Nearest(strings.ToLower(s), words); ok {
			return "", valueFault{fmt.Sprintf("%q is not one of the words for this key", s), fmt.Sprintf("did you mean %q?", near)}
		}
		return "", valueFault{fmt.Sprintf("%q is not one of the words for this key", s), "write " + orList(words)}
	}}
}

func orList(words []string) string {
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// booleans are the words of Python's getboolean.
var booleans = map[string]bool{
	"1": true, "yes": true, "true": true, "on": true,
	"0": false, "no": false, "false": false, "off": false,
}

var boolean = booleanKind("true or false", "write true or false")

var onOff = onOffKind()

func onOffKind() kind[bool] {
	k := booleanKind("on or off", "write on or off")
	k.format = func(on bool) string {
		if on {
			return "on"
		}
		return "off"
	}
	return k
}

func booleanKind(name, remedy string) kind[bool] {
	return kind[bool]{name: name, parse: func(s string) (bool, error) {
		b, ok := booleans[strings.ToLower(s)]
		if !ok {
			return false, valueFault{fmt.Sprintf("%q is neither true nor false", s), remedy}
		}
		return b, nil
	}}
}

var autoRestart = kind[string]{name: "unexpected, true or false", parse: func(s string) (string, error) {
	if b, ok := booleans[strings.ToLower(s)]; ok {
		return strconv.FormatBool(b), nil
	}
	switch s {
	case "unexpected":
		return s, nil
	case "always":
		return "", valueFault{`"always" is systemd's word`, "write true"}
	case "on-failure", "on-abnormal":
		return "", valueFault{fmt.Sprintf("%q is systemd's word", s), "write unexpected"}
	}
	return "", valueFault{fmt.Sprintf("%q is not one of the words for this key", s), "write unexpected, true or false"}
}}

// The values of stopasgroup. GroupAuto means the process group while the main
// process is a shell, because most shells end without ending their children.
const (
	GroupAuto  = "auto"
	GroupTrue  = "true"
	GroupFalse = "false"
)

var asGroup = kind[string]{name: "auto, true or false", parse: func(s string) (string, error) {
	if b, ok := booleans[strings.ToLower(s)]; ok {
		return strconv.FormatBool(b), nil
	}
	if s == GroupAuto {
		return s, nil
	}
	return "", valueFault{fmt.Sprintf("%q is not one of the words for this key", s), "write auto, true or false"}
}}

// The values of leave_descendants.
const (
	LeaveNone   = "none"
	LeaveExit   = "exit"
	LeaveAlways = "always"
)

var leaveDescendants = kind[string]{name: "none, exit or always", parse: oneOf(LeaveNone, LeaveExit, LeaveAlways).parse}

var strategy = kind[Strategy]{name: "one_for_one, one_for_all, rest_for_one", parse: func(s string) (Strategy, error) {
	word, err := oneOf(string(OneForOne), string(OneForAll), string(RestForOne)).parse(s)
	return Strategy(word), err
}}

// saneName is what a NAME of [worker:NAME] may be: it appears in paths, in
// addresses of the API and on command lines.
var saneName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`) })

var name = kind[string]{name: "name", parse: func(s string) (string, error) {
	if !saneName().MatchString(s) {
		return "", valueFault{fmt.Sprintf("%q is not a name", s), "write letters, digits, dots, dashes and underscores"}
	}
	return s, nil
}}

var userName = kind[string]{name: "user or user:group", parse: func(s string) (string, error) {
	user, group, both := strings.Cut(s, ":")
	if user == "" || (both && group == "") || strings.ContainsAny(s, " \t\n/") || strings.Contains(group, ":") {
		return "", valueFault{fmt.Sprintf("%q is not a user", s), "write user or user:group"}
	}
	return s, nil
}}

var signal = kind[string]{name: "signal", parse: parseSignal}

var optionalSignal = kind[string]{name: "signal", empty: true, parse: func(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	return parseSignal(s)
}}

// The real-time signals that programs may use, of those Linux has.
const firstRealTime, lastRealTime = 34, 64

// parseSignal reads TERM, SIGTERM, term or 15 and returns TERM.
func parseSignal(s string) (string, error) {
	if n, err := strconv.Atoi(s); err == nil {
		if known := unix.SignalName(unix.Signal(n)); known != "" {
			return strings.TrimPrefix(known, "SIG"), nil
		}
		if n >= firstRealTime && n <= lastRealTime {
			return strconv.Itoa(n), nil // these have no names in common
		}
	}
	short := strings.TrimPrefix(strings.ToUpper(s), "SIG")
	if unix.SignalNum("SIG"+short) != 0 {
		return short, nil
	}
	return "", valueFault{fmt.Sprintf("%q is not a signal", s), "write a name such as TERM, INT or HUP, or its number"}
}

var address = kind[string]{name: "address", parse: func(s string) (string, error) {
	if _, err := netip.ParseAddr(s); err == nil || hostName().MatchString(s) {
		return s, nil
	}
	return "", valueFault{fmt.Sprintf("%q is not an address", s), "write 127.0.0.1, ::1 or a host name; the port has a key of its own"}
}}

var hostName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$`)
})
