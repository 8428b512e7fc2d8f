package supervise

import (
	"os"
	"strconv"
	"strings"

	"initiator/internal/plan"
)

// stripReserved removes the variables that were meant for the initiator itself.
// With them, a worker would adopt the initiator's sockets or answer in its
// name.
func stripReserved(environ []string) []string {
	kept := make([]string, 0, len(environ))
	for _, entry := range environ {
		if name, _, _ := strings.Cut(entry, "="); !plan.IsReservedVariable(name) {
			kept = append(kept, entry)
		}
	}
	return kept
}

// childEnv returns a worker's whole environment: the variables of base that the
// definition inherits, the definition's additions, and the variables that
// docs/worker-contract.md, section 1, promises. Base is the initiator's own
// environment without the reserved variables. The GUID and the incarnation are
// always set, because the keeper finds escaped descendants by them, and so is
// the mark. The environment holds no secret unless the definition's additions do.
func childEnv(base []string, spec *plan.Spec, guid string, incarnation, port int, parentURL, mark string) []string {
	env := make([]string, 0, len(base)+len(spec.Environment)+8)
	for _, entry := range base {
		if name, _, _ := strings.Cut(entry, "="); spec.EnvironmentInherit.Selects(name) {
			env = append(env, entry)
		}
	}
	for _, e := range spec.Environment {
		if !plan.IsReservedVariable(e.Key) { // supervisord's dialect does not refuse it
			env = setVariable(env, e.Key, e.Value)
		}
	}
	env = append(env, "INITIATOR_GUID="+guid, "INITIATOR_INCARNATION="+strconv.Itoa(incarnation))
	if mark != "" {
		env = append(env, markVariable+"="+mark)
	}
	if !spec.Contract {
		return env
	}
	if port != 0 {
		env = setVariable(env, "PORT", strconv.Itoa(port))
		env = append(env, "INITIATOR_PORT="+strconv.Itoa(port))
	}
	if parentURL != "" {
		env = append(env, "INITIATOR_URL="+parentURL)
	}
	return env
}

// setVariable replaces a variable or adds it: of two variables with one name,
// some programs read the first and some the last.
func setVariable(env []string, name, value string) []string {
	for i, entry := range env {
		if strings.HasPrefix(entry, name) && strings.HasPrefix(entry[len(name):], "=") {
			env[i] = name + "=" + value
			return env
		}
	}
	return append(env, name+"="+value)
}

// childArgv returns the command with the GUID and the port, in the command's
// places for them. A command without places gets them as further arguments, if
// contract = on.
func childArgv(command []string, spec *plan.Spec, guid string, port int) []string {
	argv, filled := plan.FillPlaceholders(command, guid, port)
	if !filled && spec.Contract {
		argv = append(argv, "--guid", guid, "--port", strconv.Itoa(port))
	}
	return argv
}

// specCommand returns the command of a definition.
func specCommand(spec *plan.Spec) []string {
	switch {
	case len(spec.Command) > 0:
		return spec.Command
	case spec.Module != "":
		return append(append([]string(nil), spec.Interpreter...), "-m", spec.Module)
	}
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	return append([]string{self, "job", "exec", "--guid", "{guid}", "--port", "{port}", "--"}, spec.Exec...)
}
