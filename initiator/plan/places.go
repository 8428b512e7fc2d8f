package plan

import (
	"slices"
	"strconv"
	"strings"
)

// Fill gives a command for one worker: {guid} and {port} in it stand for the
// worker's own, and filled says whether it names either. ${port} is not a place
// but a variable of a shell, and stays as it is.
func Fill(command []string, guid string, port int) (argv []string, filled bool) {
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
