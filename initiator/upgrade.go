package initiator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"

	"initiator/internal/handover"
	"initiator/internal/statedir"
	"initiator/internal/upgrade"
)

// CheckVerb is the verb with which a program is asked whether it can go on from a
// state directory; the directory and the INI follow it. The main function of a
// program that embeds an initiator and wants to be upgraded in place calls
// CheckUpgrade for this verb.
const CheckVerb = upgrade.CheckVerb

// CheckUpgrade writes to w that this program can read the state directory and the
// INI ("" = none), or returns why it cannot. A damaged file is no reason: a start
// sets it aside. Nothing is changed.
func CheckUpgrade(w io.Writer, stateDir, ini string) error {
	_, err := statedir.ReadAPIPort(stateDir)
	_, err2 := statedir.ReadSnapshots(stateDir, "")
	if err := statedir.NewerFiles(errors.Join(err, err2)); err != nil {
		return err
	}
	if ini != "" {
		if _, err := ReadPlan(ini); err != nil {
			return fmt.Errorf("read %s: %w", ini, err)
		}
	}
	return upgrade.WriteAnswer(w, Version)
}

// RevertUpgrade restores the program that this program has replaced in an
// upgrade, because of reason. Run calls it when it cannot start everything; a
// main function calls it when it fails before Run. It returns only when that is
// not possible: reason itself, when reason is nil or there is no previous
// program.
func RevertUpgrade(reason error) error { return upgrade.Revert(reason) }

// Upgrade makes this process another program, with its workers and their keeper
// untouched; "" is the file of the running program. Tasks that are not stored (in
// a private run) are lost. It returns the version of the next program once the
// supervisor has stopped deciding. The error says that the program at binary is
// not an initiator, that it cannot read the state, or that everything is being
// stopped.
// It implements api.Control.
func (s *server) Upgrade(ctx context.Context, binary string) (version string, err error) {
	if runtime.GOOS != "linux" {
		return "", errors.New("upgrade in place needs Linux; stop the initiator and start the new one")
	}
	s.upgrading.Lock()
	defer s.upgrading.Unlock()
	if s.next.Load() != nil {
		return "", errors.New("it is being upgraded already")
	}
	if err := s.dir.Check(); err != nil {
		return "", fmt.Errorf("the next program would not find the state of this one: %w; nothing has changed", err)
	}
	path, err := upgrade.FindProgram(binary)
	if err != nil {
		return "", err
	}
	answer, err := upgrade.AskProgram(ctx, path, s.StateDir(), s.Plan().File)
	if err != nil {
		return "", err
	}
	next, err := s.prepareUpgrade(path)
	if err != nil {
		return "", fmt.Errorf("prepare the upgrade: %w", err)
	}
	s.next.Store(next)
	quiescing, stop := context.WithTimeout(context.WithoutCancel(ctx), upgrade.CheckTime) // goes on when the client goes away
	defer stop()
	if err := s.supervisor.Quiesce(quiescing, upgrade.QuiesceTime); err != nil {
		s.next.Store(nil)
		next.Close()
		return "", err
	}
	s.log.Info("becomes another program", "from", Version, "to", answer.Version, "path", path)
	return answer.Version, nil
}

func (s *server) prepareUpgrade(path string) (*upgrade.NextProgram, error) {
	listeners, err := s.api.CopyListeners()
	if err != nil {
		return nil, err
	}
	return upgrade.Prepare(path, s.execState, upgrade.Inheritance{
		Lock: s.dir.PassLock(), Listeners: listeners, OwnsSocket: s.api.OwnsSocket(), KeeperSocket: handover.KeeperSocket(s.StateDir()),
	})
}

// replaceProgram is the very end of Run. This process becomes the next program
// after an upgrade, and the previous program when this program could not start.
func (s *server) replaceProgram(err error) error {
	if next := s.next.Load(); next != nil && s.supervisor.Quiesced() {
		return errors.Join(err, next.Exec())
	}
	if s.currentServer() != nil {
		return err
	}
	return RevertUpgrade(err)
}
