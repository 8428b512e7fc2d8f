package supervise

import (
	"os"
	"strconv"
	"strings"

	"initiator/internal/plan"
)

// stripReserved removes what was meant for the initiator itself: a worker that
// believed it would adopt another's sockets, or answer for another.
func stripReserved(environ []string) []string {
	kept := make([]string, 0, len(environ))
	for _, entry := range environ {
		if !isReserved(entry) {
			kept = append(kept, entry)
		}
	}
	return kept
}

func isReserved(entry string) bool {
	name, _, _ := strings.Cut(entry, "=")
	return strings.HasPrefix(name, "LISTEN_") || strings.HasPrefix(name, "WATCHDOG_") ||
		strings.HasPrefix(name, "INITIATOR_") || name == "NOTIFY_SOCKET"
}

// childEnv is a worker's whole environment: the initiator's own, stripped;
// what the spec adds; and what wire/webhooks.md section 1 promises. The guid
// and the incarnation are there in any case, for by them the keeper finds
// descendants that have escaped. No secret is ever in it.
func childEnv(base []string, spec *plan.Spec, guid string, incarnation, port int, parentURL string) []string {
	env := make([]string, 0, len(base)+len(spec.Environment)+8)
	env = append(env, base...)
	for _, e := range spec.Environment {
		if !isReserved(e.Key + "=") {
			env = setVariable(env, e.Key, e.Value)
		}
	}
	env = append(env, "INITIATOR_GUID="+guid, "INITIATOR_INCARNATION="+strconv.Itoa(incarnation))
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

// setVariable replaces a variable or adds it: with two of one name, programs differ in
// which they see.
func setVariable(env []string, name, value string) []string {
	for i, entry := range env {
		if strings.HasPrefix(entry, name) && strings.HasPrefix(entry[len(name):], "=") {
			env[i] = name + "=" + value
			return env
		}
	}
	return append(env, name+"="+value)
}

// childArgv is the command with the guid and the port: in the places that the
// command has for either, else appended, where there is a contract.
func childArgv(command []string, spec *plan.Spec, guid string, port int) []string {
	argv, filled := plan.FillPlaceholders(command, guid, port)
	if !filled && spec.Contract {
		argv = append(argv, "--guid", guid, "--port", strconv.Itoa(port))
	}
	return argv
}

// command is what the spec asks to be run.
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
