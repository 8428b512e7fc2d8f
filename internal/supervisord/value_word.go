package supervisord

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func readBoolean(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "yes", "true", "on", "1":
		return true, nil
	case "no", "false", "off", "0":
		return false, nil
	}
	return false, invalidValue{fmt.Sprintf("%q is neither true nor false", s), "write true or false"}
}

func readAutorestart(s string) (string, error) {
	if strings.ToLower(s) == "unexpected" {
		return "unexpected", nil
	}
	b, err := readBoolean(s)
	if err != nil {
		return "", invalidValue{fmt.Sprintf("%q is not a valid value", s), "write unexpected, true or false"}
	}
	return strconv.FormatBool(b), nil
}

var levels = []string{"critical", "error", "warn", "info", "debug", "trace", "blather"}

// readLevel reads the name of a log level in any case. The abbreviations in
// supervisord's log (DEBG, ERRO) are not accepted in its file.
func readLevel(s string) (string, error) {
	lower := strings.ToLower(s)
	if !slices.Contains(levels, lower) {
		return "", invalidValue{fmt.Sprintf("%q is not a level", s), "write " + strings.Join(levels, ", ")}
	}
	return lower, nil
}

// others are signals that Python knows and the kernel's table does not.
var others = map[string]int{"SIGCLD": int(unix.SIGCHLD), "SIGIOT": int(unix.SIGABRT), "SIGPOLL": int(unix.SIGIO), "SIGRTMIN": 34, "SIGRTMAX": 64}

// readSignal reads TERM, SIGTERM, term or 15. 0 is no signal, but supervisord
// accepts it.
func readSignal(s string) (int, error) {
	bad := invalidValue{fmt.Sprintf("%q is not a signal", s), "write a name such as TERM, INT or HUP, or its number"}
	if n, err := readInteger(s); err == nil {
		if n == 0 || n == others["SIGRTMIN"] || n == others["SIGRTMAX"] || unix.SignalName(unix.Signal(n)) != "" {
			return n, nil
		}
		return 0, bad
	}
	name := strings.ToUpper(trimSpace(s))
	if !strings.HasPrefix(name, "SIG") {
		name = "SIG" + name
	}
	if n, ok := others[name]; ok {
		return n, nil
	}
	if n := unix.SignalNum(name); n != 0 {
		return int(n), nil
	}
	return 0, bad
}

// readName reads the name of a process or group.
func readName(s string) (string, error) {
	t := trimSpace(s)
	if i := strings.IndexAny(t, " :/"); i >= 0 {
		return "", invalidValue{fmt.Sprintf("the name %q holds %q", t, t[i:i+1]), "write it without blanks, colons and slashes"}
	}
	if t == "" {
		return "", invalidValue{"the name is empty", "write one"}
	}
	return t, nil
}

// readList reads words that are separated by commas.
func readList(s string) ([]string, error) {
	if s == "" {
		return nil, nil
	}
	words := strings.Split(s, ",")
	for i := range words {
		words[i] = trimSpace(words[i])
	}
	return words, nil
}
