package plan

import (
	"fmt"
	"slices"
	"strings"

	"initiator/internal/trustedpath"
)

// readEnvFiles puts the entries of each env_file before the entries of the key
// environment, which therefore win.
func (d *draft) readEnvFiles() {
	for i := range d.plan.Workers {
		s := &d.plan.Workers[i]
		if s.EnvFile == "" {
			continue
		}
		data, err := trustedpath.ReadFile(s.EnvFile)
		if err != nil {
			d.addFault("worker:"+s.Name, "env_file", err.Error(), "create the file, or remove the key")
			continue
		}
		d.plan.Warnings = append(d.plan.Warnings, fileWarnings(s.EnvFile)...)
		entries, err := parseEnvFile(string(data))
		if err != nil {
			d.addFault("worker:"+s.Name, "env_file", s.EnvFile+err.Error(), "write NAME=value lines")
			continue
		}
		s.Environment = slices.Concat(entries, s.Environment)
	}
}

// parseEnvFile reads NAME=value lines. Empty lines and comments are skipped,
// and a line may begin with "export ", as in a shell. An error begins with the
// number of the line.
func parseEnvFile(data string) ([]Entry, error) {
	var entries []Entry
	number := 0
	for line := range strings.Lines(data) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		entry, err := parseVariable(strings.TrimPrefix(line, "export "))
		if err != nil { // errNotVariable quotes nothing: the line may be half a secret
			problem, _, _ := strings.Cut(err.Error(), "; ")
			return nil, fmt.Errorf(":%d: %s", number, problem)
		}
		entries = append(entries, entry)
	}
	return entries, nil
}
