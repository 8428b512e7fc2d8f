package upgrade

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Other versions of the program read these names.
func TestExecStateNamesAreStable(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(ExecState{PID: 1, Listeners: []int{3}})
	const want = `{"PID":1,"Generation":0,"Lock":0,"Listeners":[3],"Own":false,"Old":0,"Failed":"","Keeper":"","Wait":0,"Guard":0,"Dismiss":0}`
	if err != nil || string(text) != want {
		t.Errorf("%s, %v; want %s", text, err, want)
	}
}

func TestProgramWithoutUpgrade(t *testing.T) {
	t.Parallel()
	var s *ExecState
	if s.GenerationNumber() != 0 || s.RevertReason() != "" || s.InheritedLock("lock") != nil {
		t.Error("the nil state has content")
	}
	s.ExpectStart(nil, nil)()
	reason := errors.New("a reason")
	if err := Revert(reason); err != reason {
		t.Errorf("Revert without a previous program: %v", err)
	}
}

// The lock that was passed is used only for the directory that it belongs to.
func TestInheritedLock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lock, err := os.Create(filepath.Join(dir, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "other"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	passed := func() *ExecState { // InheritedLock owns the descriptor
		fd, err := unix.Dup(int(lock.Fd()))
		if err != nil {
			t.Fatal(err)
		}
		return &ExecState{Lock: fd}
	}
	if passed().InheritedLock(lock.Name()) == nil {
		t.Error("the lock was not recognised")
	}
	if passed().InheritedLock(filepath.Join(dir, "other")) != nil {
		t.Error("the lock was taken for another file")
	}
}

func TestAskProgram(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var answer bytes.Buffer
	if err := WriteAnswer(&answer, "9.9"); err != nil {
		t.Fatal(err)
	}
	good := program("good", `test "$*" = "upgrade-check STATE INI" && echo '`+strings.TrimSpace(answer.String())+"'")
	if got, err := AskProgram(t.Context(), good, "STATE", "INI"); err != nil || got.Version != "9.9" {
		t.Errorf("%+v, %v", got, err)
	}
	for path, want := range map[string]string{
		program("refuses", "echo 'no such format' >&2; exit 1"): "cannot go on from here: exit status 1: no such format; nothing has changed",
		program("foreign", "echo hello"):                        `is no initiator: it answered "hello\n"; nothing has changed`,
	} {
		if _, err := AskProgram(t.Context(), path, "STATE", "INI"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// A program that another user can change is not run.
func TestForeignProgram(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink("program", link); err != nil {
		t.Fatal(err)
	}
	if got, err := FindProgram(link); err != nil || filepath.Base(got) != "program" {
		t.Errorf("%s, %v", got, err)
	}
	if err := os.Chmod(path, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, link} {
		if _, err := FindProgram(p); err == nil || !strings.Contains(err.Error(), "can be written by every user") || !strings.Contains(err.Error(), "copy it to a place") {
			t.Errorf("%s: %v", p, err)
		}
	}
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: a program of another user takes root")
	}
	if err := errors.Join(os.Chmod(path, 0o755), os.Chown(path, 65534, 65534)); err != nil {
		t.Fatal(err)
	}
	if _, err := FindProgram(path); err == nil || !strings.Contains(err.Error(), "belongs to user 65534") {
		t.Errorf("a program of another user: %v", err)
	}
}
