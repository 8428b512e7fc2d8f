package preflight

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"initiator/internal/keeper"
	"initiator/internal/limits"
	"initiator/internal/plan"
)

// Finding is something that a worker needs and this machine does not have.
type Finding struct {
	Spec            *plan.Spec
	Key             string // of the INI
	Problem, Remedy string
}

// Examine returns what the workers of a plan need and this machine does not have, in
// the order of the plan. UsesDefault reports whether one of the keys of a worker has a
// fault, so that its value in the plan is a default; nil = no key has.
func Examine(p *plan.Plan, usesDefault func(s *plan.Spec, keys ...string) bool) (found []Finding) {
	for i := range p.Workers {
		x := examination{spec: &p.Workers[i], dir: p.Workers[i].Directory}
		if x.dir == "" {
			x.dir = p.Dir
		}
		x.lookAtUser()
		x.lookAtDirectory()
		if usesDefault == nil || !usesDefault(x.spec, "directory", "environment", "env_file", "environment_inherit") {
			x.lookAtPrograms()
		}
		found = append(found, x.found...)
	}
	return found
}

// examination is the examination of one definition.
type examination struct {
	spec  *plan.Spec
	dir   string // the working directory
	found []Finding
}

func (x *examination) add(key, problem, remedy string) {
	x.found = append(x.found, Finding{x.spec, key, problem, remedy})
}

func (x *examination) lookAtUser() {
	var unknown limits.UnknownNameError
	if name := x.spec.Limits.User; name != "" && errors.As(limits.CheckUser(name), &unknown) {
		x.add("user", fmt.Sprintf("%s: %s", name, unknown), "")
	}
}

// lookAtDirectory leaves out a directory that cannot be examined: the worker may run as
// another user.
func (x *examination) lookAtDirectory() {
	info, err := os.Stat(x.dir)
	switch {
	case isMissing(err):
		x.add("directory", "there is no directory "+x.dir+" now", "create it, or name another")
	case err == nil && !info.IsDir():
		x.add("directory", x.dir+" is not a directory", "name another")
	}
}

// lookAtPrograms examines the program of each command of the definition. One that is
// missing is reported once, however many commands run it.
func (x *examination) lookAtPrograms() {
	s := x.spec
	seen := map[string]bool{}
	for _, c := range []struct {
		key  string
		argv []string
	}{
		{"command", s.Command},
		{"exec", s.Exec},
		{"interpreter", moduleRunner(s)},
		{"before_start", s.BeforeStart},
		{"stop_command", s.StopCommand},
		{"reload_command", s.ReloadCommand},
		{"check_command", s.CheckCommand},
		{"probe", s.Probe.Command},
	} {
		if len(c.argv) == 0 || s.NamesIdentity(c.argv[:1]) { // only a start knows its values
			continue
		}
		if program := s.FillText(c.argv[0], plan.Placeholders{Name: s.Name}); !seen[program] {
			seen[program] = true
			x.lookAtProgram(c.key, program)
		}
	}
}

func moduleRunner(s *plan.Spec) []string {
	if s.Module == "" {
		return nil
	}
	return s.Interpreter
}

// lookAtProgram says nothing of a file that cannot be examined.
func (x *examination) lookAtProgram(key, program string) {
	path, err := keeper.LookPath(program, x.dir, []string{"PATH=" + searchPath(x.spec)})
	if err == nil {
		return
	}
	if path == "" {
		path = program
	}
	switch {
	case keeper.IsSpawnError(err, syscall.ENOENT):
		x.add(key, "there is no program "+program+" now", "install it, or give its path")
	case keeper.IsSpawnError(err, syscall.EISDIR):
		x.add(key, path+" is a directory, and no program", "name the file in it")
	case keeper.IsSpawnError(err, syscall.EACCES) && !isHidden(path):
		x.add(key, "the program "+path+" is not executable now", "chmod +x it")
	}
}

// isHidden reports whether a file cannot be examined.
func isHidden(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrPermission)
}

// searchPath returns the PATH with which a worker is started.
func searchPath(s *plan.Spec) (path string) {
	if s.EnvironmentInherit.Selects("PATH") {
		path = os.Getenv("PATH")
	}
	for _, e := range s.Environment {
		if e.Key == "PATH" {
			path = e.Value
		}
	}
	return path
}

func isMissing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}
