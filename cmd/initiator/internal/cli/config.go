package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"initiator/initiator"
	"initiator/internal/plan"
	"initiator/internal/preflight"
	"initiator/internal/statedir"
	"initiator/proactor"
)

// defaultPaths are the places of an INI that is not named by -c.
var defaultPaths = []string{"initiator.ini", "/etc/initiator/initiator.ini"}

// configPath returns the path of the INI.
func (a *App) configPath() (string, error) {
	if a.ConfigPath != "" {
		return a.ConfigPath, nil
	}
	for _, p := range defaultPaths {
		if _, err := os.Stat(p); !errors.Is(err, fs.ErrNotExist) {
			return p, nil
		}
	}
	return "", NewFault(
		ExitUsage, fmt.Errorf("find the INI: there is no %s", strings.Join(defaultPaths, " and no ")),
		"name one with -c FILE or INITIATOR_CONFIG",
	)
}

// readSource reads and parses the INI, once for each command.
func (a *App) readSource() (*plan.Source, error) {
	if a.source != nil {
		return a.source, nil
	}
	path, err := a.configPath()
	if err != nil {
		return nil, err
	}
	env, err := PlanEnv()
	if err != nil {
		return nil, err
	}
	env.GUID, env.Port = a.GUID, a.Port
	a.source, err = plan.Read(path, env)
	return a.source, FileFault(path, err)
}

// PlanEnv returns the environment in which a plan of this program is read.
func PlanEnv() (plan.Env, error) {
	self, err := os.Executable()
	if err != nil {
		return plan.Env{}, fmt.Errorf("find the running executable: %w", err)
	}
	return plan.Env{Self: self, Lookup: os.LookupEnv}, nil
}

// ReadPlan returns the plan of the INI. The INI is read once for each command,
// however often ReadPlan and StateDirectory are called. The error is a
// [proactor.Faults] when the INI has faults.
func (a *App) ReadPlan() (*plan.Plan, error) {
	if a.plan != nil {
		return a.plan, nil
	}
	s, err := a.readSource()
	if err != nil {
		return nil, err
	}
	a.plan, err = s.Plan()
	return a.plan, err
}

// InspectPlan returns the plan of the INI, and all warnings about it, also about users,
// directories and programs that this machine does not have. With faults it returns the
// part of the plan that was understood, and the warnings are complete.
func (a *App) InspectPlan() (p *plan.Plan, warnings []string, err error) {
	s, err := a.readSource()
	if err != nil {
		return nil, nil, err
	}
	if p, err = s.Inspect(); p == nil {
		return nil, nil, err
	}
	warnings = p.Warnings
	for _, f := range preflight.Examine(p, s.HasFault) {
		warnings = append(warnings, s.FaultAt(f.Spec, f.Key, f.Problem, f.Remedy).Error())
	}
	if other := a.findOtherFile(); other != "" {
		warnings = append(warnings, other)
	}
	return p, warnings, err
}

// FileFault makes a fault of usage of an error that says that a file cannot be
// read. It returns the faults in a file as they are: each has its own line.
func FileFault(path string, err error) error {
	var faults proactor.Faults
	if err == nil || errors.As(err, &faults) {
		return err
	}
	var cause *fs.PathError
	if errors.As(err, &cause) {
		return NewFault(ExitUsage, fmt.Errorf("read %s: %w", path, cause.Err), "name another INI with -c FILE")
	}
	return UsageFault(err)
}

// StateDirectory returns the state directory: the directory that --state-dir names,
// else the directory that the INI names, also when the INI has faults. Where an initiator uses a
// private directory in it, StateDirectory returns that directory.
func (a *App) StateDirectory() (string, error) {
	if a.StateDir != "" {
		dir, err := filepath.Abs(a.StateDir)
		return statedir.Locate(dir), err
	}
	s, err := a.readSource()
	if err != nil {
		return "", err
	}
	return statedir.Locate(s.StateDir()), nil
}

// SocketPath returns the path of the socket on which the initiator of the INI
// answers.
func (a *App) SocketPath() (string, error) {
	dir, err := a.StateDirectory()
	return initiator.SocketPath(dir), err
}

// PrintsLikeSupervisorctl reports whether output has supervisorctl's form: with
// -o supervisor, and without -o where the INI is a supervisord.conf. Scripts
// around supervisorctl find names, states and pids at their known places.
func (a *App) PrintsLikeSupervisorctl() bool {
	if a.Format.Given {
		return a.Format.Supervisor
	}
	s, err := a.readSource()
	return err == nil && s.IsSupervisord()
}
