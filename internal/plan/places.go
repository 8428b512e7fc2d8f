package plan

import (
	"slices"
	"strconv"
	"strings"
)

// FillPlaceholders returns a command for one worker, with {guid} and {port}
// replaced by the worker's values. Filled reports whether the command has one of
// the two. ${port} is a variable of a shell and stays as it is.
func FillPlaceholders(command []string, guid string, port int) (argv []string, filled bool) {
	places := strings.NewReplacer("${guid}", "${guid}", "${port}", "${port}", "{guid}", guid, "{port}", strconv.Itoa(port))
	for _, arg := range command {
		own := places.Replace(arg)
		filled = filled || own != arg
		argv = append(argv, own)
	}
	return argv, filled
}

// NamesPort reports whether the command has the placeholder {port}. Then a
// program without the contract gets a port too.
func (s *Spec) NamesPort() bool {
	return slices.ContainsFunc(s.Command, func(arg string) bool {
		return strings.Contains(strings.ReplaceAll(arg, "${port}", ""), "{port}")
	})
}

// TakesPort reports whether workers get a port: with the contract always, and
// without it only when the command, a readiness check or a probe needs the number.
func (s *Spec) TakesPort() bool {
	knocks := func(kind string) bool { return kind == "tcp" || kind == "http" }
	return s.Contract || s.Port != 0 || s.NamesPort() || knocks(s.Ready.Kind) || knocks(s.Probe.Kind)
}

// PortMode says how the port is reserved until the worker listens. No port is
// reserved for a program without the contract, because it might not set
// SO_REUSEADDR.
func (s *Spec) PortMode() string {
	if !s.Contract || s.Socket == "" {
		return "bind"
	}
	return s.Socket
}
