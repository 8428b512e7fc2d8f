package plan

import (
	"slices"
	"strconv"
	"strings"
)

// FillPlaceholders gives a command for one worker: {guid} and {port} in it stand for the
// worker's own, and filled says whether it names either. ${port} is not a place
// but a variable of a shell, and stays as it is.
func FillPlaceholders(command []string, guid string, port int) (argv []string, filled bool) {
	places := strings.NewReplacer("${guid}", "${guid}", "${port}", "${port}", "{guid}", guid, "{port}", strconv.Itoa(port))
	for _, arg := range command {
		own := places.Replace(arg)
		filled = filled || own != arg
		argv = append(argv, own)
	}
	return argv, filled
}

// NamesPort reports whether the command has a place for the port: then a
// program without the contract gets one too.
func (s *Spec) NamesPort() bool {
	return slices.ContainsFunc(s.Command, func(arg string) bool {
		return strings.Contains(strings.ReplaceAll(arg, "${port}", ""), "{port}")
	})
}

// TakesPort reports whether workers get a port: with the contract always, and
// without it only when somebody has to know the number.
func (s *Spec) TakesPort() bool {
	knocks := func(kind string) bool { return kind == "tcp" || kind == "http" }
	return s.Contract || s.Port != 0 || s.NamesPort() || knocks(s.Ready.Kind) || knocks(s.Probe.Kind)
}

// PortMode is how the port is held until the worker has it. Nothing is held for
// a program that knows nothing of us, since it might not set SO_REUSEADDR.
func (s *Spec) PortMode() string {
	if !s.Contract || s.Socket == "" {
		return "bind"
	}
	return s.Socket
}
