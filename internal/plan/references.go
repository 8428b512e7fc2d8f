package plan

import (
	"fmt"
	"strings"

	"initiator/proactor"
)

// Env holds what a plan needs to know beside its file.
type Env struct {
	// Self is the path that ${initiator:self} stands for: the running
	// executable.
	Self string
	// Lookup answers ${env:NAME}, as os.LookupEnv does. Nil = no variable is set.
	Lookup func(string) (string, bool)
	// GUID names a section with the initiator's own settings, as turberfield's
	// --guid does; "" = only [initiator] has them. With it Port, where it is
	// not 0, is its listen_port.
	GUID string
	Port int
}

// selfMark stands for Self while a command line is split, so that a path with
// spaces stays one word. A NUL byte cannot occur in a value.
const selfMark = "\x00"

// withReferences returns the document with two extensions of Python's
// references: ${initiator:self} and ${env:NAME}.
func withReferences(cfg *proactor.Config, env Env, self string) *proactor.Config {
	return cfg.WithLookup(func(section, key string) (string, bool, error) {
		switch {
		case section == "initiator" && strings.EqualFold(key, "self"):
			return self, true, nil
		case section == "env":
			return env.lookupVariable(key)
		}
		return "", false, nil
	})
}

func (e Env) lookupVariable(name string) (string, bool, error) {
	if e.Lookup != nil {
		if value, ok := e.Lookup(name); ok && !strings.Contains(value, "\x00") {
			return value, true, nil
		}
	}
	return "", true, valueFault{fmt.Sprintf("the environment variable %s is not set", name), "set it before the start, or write the value here"}
}
