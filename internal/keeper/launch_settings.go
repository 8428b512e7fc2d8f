package keeper

import (
	"encoding/json"
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// launchSettings are what the launcher does to its own process, in this order. They
// stand in its arguments and hold no secret.
type launchSettings struct {
	RLimits    []rlimit `json:",omitempty"`
	Nice       int      `json:",omitempty"`
	NoNewPrivs bool     `json:",omitempty"`
	SetUser    bool     `json:",omitempty"`
	UID, GID   uint32   `json:",omitempty"`
	Groups     []uint32 `json:",omitempty"`
	// Parent is the process id of the keeper, with which the process dies; 0 = it
	// outlives the keeper.
	Parent    int  `json:",omitempty"`
	ListenFDs bool `json:",omitempty"` // sets LISTEN_PID
}

func newLaunchSettings(s *SpawnOrder) launchSettings {
	l := launchSettings{
		RLimits: s.rlimits(), Nice: s.Nice, NoNewPrivs: s.NoNewPrivs, ListenFDs: s.ListenFDs,
		SetUser: s.SetUser, UID: s.UID, GID: s.GID, Groups: s.Groups,
	}
	if !s.Keep {
		l.Parent = os.Getpid()
	}
	return l
}

// applyLimits sets the limits, and returns what could not be set.
func (s *launchSettings) applyLimits() (unset []unsetSetting) {
	for _, r := range s.RLimits {
		// Not x/sys/unix: package syscall must know that the process has a limit of
		// its own, or exec sets the limit of open files back.
		if err := syscall.Setrlimit(r.Resource, &syscall.Rlimit{Cur: r.Value, Max: r.Value}); err != nil {
			unset = append(unset, r.unset(err))
		}
	}
	if s.Nice != 0 {
		if err := unix.Setpriority(unix.PRIO_PROCESS, 0, s.Nice); err != nil {
			unset = append(unset, unsetNice(s.Nice, err))
		}
	}
	if s.NoNewPrivs {
		if err := setNoNewPrivs(); err != nil {
			unset = append(unset, unsetSetting{"no_new_privs", "no_new_privs is not in force: " + err.Error()})
		}
	}
	return unset
}

// becomeUser changes the groups and the user; the user last, because only root may
// change groups.
func (s *launchSettings) becomeUser() error {
	if !s.SetUser {
		return nil
	}
	groups := make([]int, len(s.Groups))
	for i, g := range s.Groups {
		groups[i] = int(g)
	}
	if err := syscall.Setgroups(groups); err != nil {
		return err
	}
	if err := syscall.Setgid(int(s.GID)); err != nil {
		return err
	}
	return syscall.Setuid(int(s.UID))
}

// launchReport is what the launcher tells the keeper: once before the exec, and
// once more when that has failed.
type launchReport struct {
	Unset []unsetSetting `json:",omitempty"`
	Errno int            `json:",omitempty"`
	Step  string         `json:",omitempty"` // what has failed; "" = the exec
}

// launchFailed is the exit code of a launcher that has not executed the program.
const launchFailed = 127

// send writes the report. The keeper waits for it, or has ended.
func (r launchReport) send() {
	if frame, err := encodeFrame(r); err == nil {
		_, _ = unix.Write(launchFD, frame)
	}
}

// fail reports why the program is not executed, and returns the exit code.
func (r launchReport) fail(step string, err error) int {
	r.Errno, r.Step = int(syscall.EINVAL), step
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		r.Errno = int(errno)
	}
	r.send()
	return launchFailed
}

// readReport reads the last report of a launcher from a descriptor that does not
// block, until the launcher has executed the program or launchTimeout is over.
func readReport(fd int) (report launchReport) {
	var in frames
	buf := make([]byte, 4096)
	for deadline := time.Now().Add(launchTimeout); ; {
		n, err := unix.Read(fd, buf)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN && time.Now().Before(deadline):
			poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
			_, _ = unix.Poll(poll, int(max(1, time.Until(deadline).Milliseconds())))
			continue
		case err != nil || n == 0:
			return report
		}
		in.feed(buf[:n])
		for {
			body, _, err := in.next()
			if err != nil || body == nil {
				break
			}
			_ = json.Unmarshal(body, &report) // the launcher is this program
		}
	}
}
