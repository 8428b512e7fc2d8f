package supervise

import (
	"os"
	"slices"
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
		if name, _, _ := strings.Cut(entry, "="); name != mainPIDVariable && !plan.IsReservedVariable(name) {
			kept = append(kept, entry)
		}
	}
	return kept
}

// initiatorEnv is what the environment of each worker has of the initiator.
type initiatorEnv struct {
	base      []string // the initiator's own environment without the reserved variables
	parentURL string   // "" = none
	mark      string   // names the state directory; "" = none
	program   string   // path of the initiator's own program; "" = none
}

// ProgramVariable is the environment variable of each worker with the path of the
// initiator's own program. A test binary finds by it that its own tests have started
// it as a worker.
const ProgramVariable = "INITIATOR_PROGRAM"

// childEnv returns a worker's whole environment: the variables of the initiator
// that the definition inherits, the variables of its user, the definition's
// additions, and the variables that docs/worker-contract.md, section 1, promises.
// The GUID and the incarnation are always set, because the keeper finds escaped
// descendants by them, and so is the mark. The environment holds no secret unless
// the definition's additions do.
func (from initiatorEnv) childEnv(spec *plan.Spec, user []plan.Entry, places plan.Placeholders, incarnation int) []string {
	env := make([]string, 0, len(from.base)+len(user)+len(spec.Environment)+8)
	for _, entry := range from.base {
		if name, _, _ := strings.Cut(entry, "="); spec.EnvironmentInherit.Selects(name) {
			env = append(env, entry)
		}
	}
	for _, e := range user {
		env = setVariable(env, e.Key, e.Value)
	}
	for _, e := range spec.FillEnvironment(places) {
		if !plan.IsReservedVariable(e.Key) { // supervisord's dialect does not refuse it
			env = setVariable(env, e.Key, e.Value)
		}
	}
	if places.Port != 0 && (spec.Contract || !spec.SetsVariable("PORT")) {
		env = setVariable(env, "PORT", strconv.Itoa(places.Port))
	}
	env = append(env, "INITIATOR_GUID="+places.GUID, "INITIATOR_INCARNATION="+strconv.Itoa(incarnation))
	if from.mark != "" {
		env = append(env, markVariable+"="+from.mark)
	}
	if from.program != "" {
		env = append(env, ProgramVariable+"="+from.program)
	}
	if !spec.Contract {
		return env
	}
	if places.Port != 0 {
		env = append(env, "INITIATOR_PORT="+strconv.Itoa(places.Port))
	}
	if from.parentURL != "" {
		env = append(env, "INITIATOR_URL="+from.parentURL)
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

// childArgv returns the arguments of a worker's process. A command without places
// for the GUID and the port gets them as further arguments, if contract = on.
func childArgv(spec *plan.Spec, places plan.Placeholders) []string {
	identity := []string{"--guid", places.GUID, "--port", strconv.Itoa(places.Port)}
	command := spec.Command
	switch {
	case len(command) > 0:
	case spec.Module != "":
		command = append(slices.Clone(spec.Interpreter), "-m", spec.Module)
	default:
		argv := append([]string{ownProgram(), "job", "exec"}, identity...)
		return append(append(argv, "--"), spec.FillWords(spec.Exec, places)...)
	}
	argv := spec.FillWords(command, places)
	if spec.Contract && !spec.NamesIdentity(command) {
		argv = append(argv, identity...)
	}
	return argv
}

// ownProgram returns the path of the running program.
func ownProgram() string {
	self, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return self
}

// placeholders are the values of a worker in its commands and its environment.
func (w *worker) placeholders() plan.Placeholders {
	p := plan.Placeholders{Name: w.pool.spec.Name, GUID: w.guid, Index: w.index}
	if w.port != nil {
		p.Port = w.port.Port
	}
	return p
}
