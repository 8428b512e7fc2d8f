package plan

import (
	"fmt"
	"slices"

	"initiator/internal/dotenv"
	"initiator/internal/trustedpath"
	"initiator/proactor"
)

// readEnvFiles puts the entries of each env_file before the entries of the key
// environment, which therefore win.
func (d *draft) readEnvFiles() {
	for i := range d.plan.Workers {
		if s := &d.plan.Workers[i]; s.EnvFile != "" {
			d.readEnvFile(s)
		}
	}
}

func (d *draft) readEnvFile(s *Spec) {
	section := "worker:" + s.Name
	data, err := trustedpath.ReadFile(s.EnvFile)
	if err != nil {
		d.addFault(section, "env_file", err.Error(), "create the file, or remove the key")
		return
	}
	d.plan.Warnings = append(d.plan.Warnings, fileWarnings(s.EnvFile)...)
	file := dotenv.Parse(string(data), d.lookUpFor(s))
	for _, f := range file.Faults {
		d.addFault(section, "env_file", fmt.Sprintf("%s:%d: %s", s.EnvFile, f.Line, f.Problem), f.Remedy)
	}
	for _, w := range file.Warnings {
		d.addFileWarning(s.EnvFile, w)
	}
	entries := make([]Entry, 0, len(file.Variables)+len(s.Environment))
	for _, v := range file.Variables {
		if fault := checkVariableName(v.Name); fault != nil {
			d.addFault(section, "env_file", fmt.Sprintf("%s:%d: %s", s.EnvFile, v.Line, fault.problem), fault.remedy)
		}
		entries = append(entries, Entry{Key: v.Name, Value: v.Value, Valued: true})
	}
	s.FileVariables = len(entries)
	s.Environment = append(entries, s.Environment...)
}

// lookUpFor returns the variables that a worker's env_file can refer to, beside
// its own: those of the initiator, and then those of the key environment, in
// the order of Docker Compose.
func (d *draft) lookUpFor(s *Spec) dotenv.Lookup {
	return func(name string) (string, bool) {
		if d.env.Lookup != nil {
			if value, ok := d.env.Lookup(name); ok {
				return value, true
			}
		}
		at := slices.IndexFunc(s.Environment, func(e Entry) bool { return e.Key == name })
		if at < 0 {
			return "", false
		}
		return s.Environment[at].Value, true
	}
}

// addFileWarning adds a warning about a line of an env_file, once for all workers
// that use the file.
func (d *draft) addFileWarning(path string, w dotenv.Notice) {
	text := proactor.Fault{File: path, Line: w.Line, Problem: w.Problem, Remedy: w.Remedy}.Error()
	if !slices.Contains(d.plan.Warnings, text) {
		d.plan.Warnings = append(d.plan.Warnings, text)
	}
}
