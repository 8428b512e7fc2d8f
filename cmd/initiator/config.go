package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"initiator/initiator"
	"initiator/initiator/client"
	"initiator/internal/plan"
	"initiator/proactor"
)

// places are where an INI is looked for when none is named.
var places = []string{"initiator.ini", "/etc/initiator/initiator.ini"}

// path finds the INI.
func (a *app) path() (string, error) {
	if a.config != "" {
		return a.config, nil
	}
	for _, p := range places {
		if _, err := os.Stat(p); !errors.Is(err, fs.ErrNotExist) {
			return p, nil
		}
	}
	return "", &fault{
		exitUsage, fmt.Errorf("find the INI: there is no %s", strings.Join(places, " and no ")),
		"name one with -c FILE or INITIATOR_CONFIG",
	}
}

// plan reads the INI.
func (a *app) plan() (*plan.Plan, error) {
	path, err := a.path()
	if err != nil {
		return nil, err
	}
	p, err := initiator.ReadPlanAs(path, a.guid, a.port)
	return p, badFile(path, err)
}

// badFile makes a file that cannot be read a fault of usage. Faults in it are
// left as they are: each has its own line.
func badFile(path string, err error) error {
	var faults proactor.Faults
	if err == nil || errors.As(err, &faults) {
		return err
	}
	var cause *fs.PathError
	if errors.As(err, &cause) {
		return &fault{exitUsage, fmt.Errorf("read %s: %w", path, cause.Err), "name another INI with -c FILE"}
	}
	return usage(err)
}

// home is the state directory of the INI. An INI that has been broken since
// must not hide the initiator that it has started, so only the one key is read
// where the whole cannot be.
func (a *app) home() (string, error) {
	if a.stateDir != "" {
		return filepath.Abs(a.stateDir)
	}
	p, err := a.plan()
	if err == nil {
		return p.Settings.StateDir, nil
	}
	if dir, ok := a.lastResort(); ok {
		return dir, nil
	}
	return "", err
}

// socket is where the initiator of the INI listens.
func (a *app) socket() (string, error) {
	dir, err := a.home()
	return socketIn(dir), err
}

func socketIn(dir string) string {
	return initiator.SocketPath(&plan.Plan{Settings: plan.Settings{StateDir: dir}})
}

// lastResort reads state_dir from an INI with faults elsewhere.
func (a *app) lastResort() (dir string, ok bool) {
	path, err := a.path()
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

// client speaks to the initiator of the INI, whether or not it runs.
func (a *app) client() (*client.Client, error) {
	socket, err := a.socket()
	if err != nil {
		return nil, err
	}
	return client.Unix(socket), nil
}

// running returns a client when the initiator of the INI answers, and nil when
// none runs.
func (a *app) running(ctx context.Context) (*client.Client, error) {
	c, err := a.client()
	if err != nil {
		return nil, err
	}
	_, err = c.Status(ctx)
	var gone *client.Unreachable
	if err == nil || !errors.As(err, &gone) || errors.Is(err, fs.ErrPermission) {
		return c, err
	}
	c.Close()
	return nil, nil
}
