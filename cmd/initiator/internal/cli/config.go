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
	"initiator/proactor"
)

// defaultPaths are where an INI is looked for when none is named.
var defaultPaths = []string{"initiator.ini", "/etc/initiator/initiator.ini"}

// INIPath finds the INI.
func (a *App) INIPath() (string, error) {
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

// ReadPlan reads the INI.
func (a *App) ReadPlan() (*plan.Plan, error) {
	path, err := a.INIPath()
	if err != nil {
		return nil, err
	}
	p, err := initiator.ReadPlanAs(path, a.GUID, a.Port)
	return p, FileFault(path, err)
}

// FileFault makes a file that cannot be read a fault of usage. Faults in it are
// left as they are: each has its own line.
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

// StateDirectory is the state directory of the INI. An INI that has been broken since
// must not hide the initiator that it has started, so only the one key is read
// where the whole cannot be.
func (a *App) StateDirectory() (string, error) {
	if a.StateDir != "" {
		return filepath.Abs(a.StateDir)
	}
	p, err := a.ReadPlan()
	if err == nil {
		return p.Settings.StateDir, nil
	}
	if dir, ok := a.lastResort(); ok {
		return dir, nil
	}
	return "", err
}

// SocketPath is where the initiator of the INI listens.
func (a *App) SocketPath() (string, error) {
	dir, err := a.StateDirectory()
	return socketIn(dir), err
}

func socketIn(dir string) string {
	return initiator.SocketPath(&plan.Plan{Settings: plan.Settings{StateDir: dir}})
}

// lastResort reads state_dir from an INI with faults elsewhere.
func (a *App) lastResort() (dir string, ok bool) {
	path, err := a.INIPath()
	if err != nil {
		return "", false
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", false
	}
	dir = defaultStateDir
	if cfg, err := proactor.Parse(path, data); err == nil {
		if set, given, err := cfg.Get("initiator", "state_dir"); err == nil && given && set != "" {
			dir = set
		}
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(filepath.Dir(path), dir)
	}
	dir, err = filepath.Abs(dir)
	return dir, err == nil
}

// defaultStateDir is the default of the key state_dir.
const defaultStateDir = ".initiator"
