package initiator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"initiator/internal/keeper"
)

// How long the steps of an upgrade may take.
const (
	checkTime = 20 * time.Second // the next program's word that it can read the state; and the keeper's that it holds on
	stayTime  = time.Minute      // from the moment in which nothing is decided any more, until the next decides
	comeTime  = 30 * time.Second // of these, for the next program to come up
)

// CheckVerb is the verb with which a program is asked whether it could go on
// from a state directory, followed by the directory and the INI. Main functions
// that embed the initiator and want to be upgraded pass it on to CheckUpgrade.
const CheckVerb = "upgrade-check"

// checked is the answer.
type checked struct {
	Version string `json:"version"`
	Keeper  int    `json:"keeper"` // the newest version of a keeper's protocol that it speaks
}

// CheckUpgrade says on w that this program can read the state directory and
// the INI ("" = none), or returns why it cannot. Nothing is changed.
func CheckUpgrade(w io.Writer, state, ini string) error {
	_, err := readHome(state)
	_, err2 := readLedger(state, "")
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	if ini != "" {
		if _, err := ReadPlan(ini); err != nil {
			return fmt.Errorf("read %s: %w", ini, err)
		}
	}
	return json.NewEncoder(w).Encode(checked{Version, keeper.Version})
}

// Upgrade implements api.Upgrader: this process becomes another program, with
// its workers and their keeper untouched. What it has not stored (tasks in
// memory, in a private run) is lost. Errors: the other program is none, cannot
// read the state, or everything is being stopped.
func (in *Initiator) Upgrade(ctx context.Context, binary string) (version string, err error) {
	if runtime.GOOS != "linux" {
		return "", errors.New("upgrade in place needs Linux; stop the initiator and start the new one")
	}
	if err := in.up(ctx); err != nil {
		return "", err
	}
	in.upgrading.Lock()
	defer in.upgrading.Unlock()
	if in.next.Load() != nil {
		return "", errors.New("it is being upgraded already")
	}
	path, err := program(binary)
	if err != nil {
		return "", err
	}
	found, err := in.askProgram(ctx, path)
	if err != nil {
		return "", err
	}
	next, err := in.bequeath(path)
	if err != nil {
		return "", fmt.Errorf("prepare the upgrade: %w", err)
	}
	in.next.Store(next)
	still, stop := context.WithTimeout(context.WithoutCancel(ctx), checkTime) // a client that goes is no reason
	defer stop()
	if err := in.supervisor.Quiesce(still, stayTime); err != nil {
		in.next.Store(nil)
		next.close()
		return "", err
	}
	in.log.Info("becomes another program", "from", Version, "to", found.Version, "path", path)
	return found.Version, nil
}

// program finds the file.
func program(binary string) (string, error) {
	if binary == "" {
		return os.Executable()
	}
	path, err := exec.LookPath(binary)
	if err != nil {
		return "", err
	}
	return filepath.Abs(path)
}

// askProgram asks the next program whether it can go on from here.
func (in *Initiator) askProgram(ctx context.Context, path string) (checked, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, CheckVerb, in.StateDir(), in.Plan().File)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &said, time.Second
	var got checked
	err := cmd.Run()
	if err != nil {
		return got, fmt.Errorf("%s cannot go on from here: %w: %s; nothing has changed", path, err, strings.TrimSpace(said.String()))
	}
	if json.Unmarshal(out.Bytes(), &got) != nil || got.Version == "" {
		return got, fmt.Errorf("%s is no initiator: it answered %.60q; nothing has changed", path, out.String())
	}
	return got, nil
}

// successor is the next program and what it is left.
type successor struct {
	succession
	path  string
	files []*os.File
}

// bequeath collects what stays open.
func (in *Initiator) bequeath(path string) (*successor, error) {
	s := &successor{path: path, succession: succession{
		PID: os.Getpid(), Generation: in.past.generation() + 1, Keeper: rendezvous(in.StateDir()),
	}}
	files, err := in.server.Handover()
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		s.files = append(s.files, f)
		s.Listeners = append(s.Listeners, int(f.Fd()))
	}
	s.Own = in.server.Owns()
	lock, err := unix.FcntlInt(in.state.lock.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		s.close()
		return nil, err
	}
	s.Lock = lock
	s.files = append(s.files, os.NewFile(uintptr(lock), "lock"))
	own, err := os.Open("/proc/self/exe")
	if err != nil {
		s.close()
		return nil, err
	}
	s.files = append(s.files, own)
	s.Old = int(own.Fd())
	return s, nil
}

func (s *successor) close() {
	for _, f := range s.files {
		_ = f.Close()
	}
}

// succeed becomes the next program. When that is not possible this one begins
// anew, as if it had been started by itself.
func (s *successor) succeed() error {
	unguarded := s.post() // it is no reason to stay
	err := errors.Join(s.exec(s.path), unguarded)
	again := s.succession
	again.Old, again.Failed = 0, err.Error()
	again.Generation--
	return errors.Join(err, again.exec(fmt.Sprintf("/proc/self/fd/%d", s.Old)))
}

// watchComing recalls the program before when this one does not come up.
func (in *Initiator) watchComing() (came func()) {
	if in.past == nil {
		return func() {}
	}
	if in.past.Old <= 2 {
		return func() { in.background.Go(in.past.dismiss) }
	}
	alarm := time.AfterFunc(comeTime, func() {
		in.log.Error("does not come up", "reason", RevertUpgrade(fmt.Errorf("it did not come up within %s", comeTime)))
	})
	return func() {
		if alarm.Stop() {
			in.past.settled()
			in.background.Go(in.past.dismiss)
		}
	}
}
