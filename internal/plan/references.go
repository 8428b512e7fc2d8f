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
func (d *draft) withReferences(cfg *proactor.Config, self string) *proactor.Config {
	return cfg.WithLookup(func(section, key string) (string, bool, error) {
		switch {
		case section == "initiator" && strings.EqualFold(key, "self"):
			return self, true, nil
		case section == "env":
			if d.resolvesSecret {
				d.secretVariables[key] = true
			}
			return d.env.lookupVariable(key)
		}
		return "", false, nil
	})
}

// resolveValue returns the value of a key of the file, as Config.Get does; "" when
// the file has no such key. It notes
// the environment variables that the value of a secret key names, also through
// other keys.
func (d *draft) resolveValue(cfg *proactor.Config, section, key string) (value string, err error) {
	d.resolvesSecret = isSecret(key)
	defer func() { d.resolvesSecret = false }()
	value, _, err = cfg.Get(section, key)
	return value, err
}

// secretNames are the names of all secret keys, in sections of any kind.
var secretNames = findSecretNames()

func findSecretNames() map[string]bool {
	names := map[string]bool{}
	for _, k := range KeyDocs() {
		if k.Secret {
			names[k.Name] = true
		}
	}
	return names
}

// isSecret reports whether workers must not see a key of [DEFAULT] or of a
// section of their own.
func isSecret(key string) bool { return secretNames[key] }

func (e Env) lookupVariable(name string) (string, bool, error) {
	if e.Lookup != nil {
		if value, ok := e.Lookup(name); ok && !strings.Contains(value, "\x00") {
			return value, true, nil
		}
	}
	return "", true, valueFault{fmt.Sprintf("the environment variable %s is not set", name), "set it before the start, or write the value here"}
}
