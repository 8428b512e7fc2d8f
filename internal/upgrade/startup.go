package upgrade

import (
	"errors"
	"fmt"

	"github.com/hashicorp/go-hclog"

	"initiator/internal/frozentime"
)

// ExpectStart reverts the upgrade when this program has not come up in time. The
// caller calls started when it has come up. Background starts a goroutine of the
// caller; a program that no upgrade has started needs none.
func (s *ExecState) ExpectStart(log hclog.Logger, background func(func()) bool) (started func()) {
	if s == nil {
		return func() {}
	}
	if s.PreviousProgram <= 2 {
		return func() { background(s.releaseFallback) }
	}
	stopAlarm := frozentime.AfterFunc(startTime, func() { // time in which the machine does not run is not the program's fault
		log.Error("the new program does not come up; the previous program is restored", "reason", Revert(fmt.Errorf("it did not come up within %s", startTime)))
	})
	return func() {
		if stopAlarm() {
			s.closeReserve()
			background(s.releaseFallback)
		}
	}
}

// Revert restores the program that this program has replaced, because of reason.
// It returns only when that is not possible; it then returns reason unchanged
// when reason is nil or there is no previous program.
func Revert(reason error) error {
	s := LoadExecState()
	if s == nil || s.PreviousProgram <= 2 || reason == nil {
		return reason
	}
	previous := *s
	previous.PreviousProgram, previous.Failure = 0, reason.Error()
	previous.Generation--
	// The descriptor of the executable itself need not stay open: exec has
	// opened it by then.
	err := previous.execProgram(fmt.Sprintf("/proc/self/fd/%d", s.PreviousProgram))
	return errors.Join(reason, err)
}
