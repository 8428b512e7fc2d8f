package initiator_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"initiator/initiator/client"
)

// stranger is an ordinary user.
const stranger = 65534

// newUserHarness returns a harness whose programs run as an ordinary user, with a state
// directory of root that has a mode.
func newUserHarness(t *testing.T, ini string, mode os.FileMode) *restartHarness {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: another user takes root")
	}
	dir := t.TempDir()
	d := newRestartHarnessIn(t, dir, ini)
	if err := errors.Join(os.Chmod(filepath.Dir(dir), 0o755), os.Chown(d.ini, stranger, stranger), os.Mkdir(d.state, 0o700), os.Chmod(d.state, mode)); err != nil {
		t.Fatal(err)
	}
	d.startCmd = func(cmd *exec.Cmd) error {
		cmd.Path = "/proc/self/exe" // the user cannot search the directory of the test binary
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: stranger, Gid: stranger}}
		return cmd.Start()
	}
	return d
}

const sleeperINI = `
[worker:sleeper]
command  = sleep 1000
contract = off
`

// An initiator of an ordinary user in a directory that every user can write, such as
// an emptyDir of Kubernetes, uses a private directory in it. With state_dir_unsafe =
// allow it uses the directory itself, and says that this is unsafe.
func TestSharedStateDirectory(t *testing.T) {
	d := newUserHarness(t, sleeperINI, 0o777)
	shared := d.state
	d.state = filepath.Join(shared, "uid-65534") // for clients
	d.startCmd = withArgument(d.startCmd, 3, shared)
	d.startReady()
	if list, err := os.ReadDir(shared); err != nil || len(list) != 1 {
		t.Errorf("the shared directory has %v, %v", list, err)
	}
	if got := d.namedProblem("state_dir_unsafe"); got != "" {
		t.Errorf("problem %q", got)
	}
	d.stopProgram()

	d = newUserHarness(t, "[initiator]\nstate_dir_unsafe = allow\n"+sleeperINI, 0o777)
	d.startReady()
	if got := d.namedProblem("state_dir_unsafe"); !strings.Contains(got, "belongs to user 0") {
		t.Errorf("problem %q", got)
	}
	d.stopProgram()
}

// withArgument replaces an argument of the command.
func withArgument(start func(*exec.Cmd) error, at int, arg string) func(*exec.Cmd) error {
	return func(cmd *exec.Cmd) error {
		cmd.Args[at] = arg
		return start(cmd)
	}
}

// An ordinary user does not become root by a token or a program that the user has
// planted.
func TestPlantedTokenAndProgram(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: another user takes root")
	}
	d := newRestartHarness(t, sleeperINI)
	if err := errors.Join(os.Mkdir(d.state, 0o700), os.Chmod(d.state, 0o777)); err != nil {
		t.Fatal(err)
	}
	token := filepath.Join(d.state, "token")
	if err := errors.Join(os.WriteFile(token, []byte(strings.Repeat("planted ", 8)), 0o644), os.Chown(token, stranger, stranger)); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(os.Args[0], "up", d.ini, d.state).CombinedOutput()
	if err == nil || !strings.Contains(string(out), token+" in the state directory belongs to user 65534") {
		t.Fatalf("with a planted token: %v, %s", err, out)
	}
	if err := os.Remove(token); err != nil {
		t.Fatal(err)
	}
	d.startReady()
	program := filepath.Join(t.TempDir(), "program")
	if err := errors.Join(os.WriteFile(program, []byte("#!/bin/sh\n"), 0o755), os.Chown(program, stranger, stranger)); err != nil {
		t.Fatal(err)
	}
	c := d.newClient()
	defer c.Close()
	_, _, err = c.Upgrade(t.Context(), program)
	var refused *client.Error
	if !errors.As(err, &refused) || !strings.Contains(refused.Message, "belongs to user 65534") {
		t.Errorf("with a planted program: %v", err)
	}
	d.stopProgram()
}
