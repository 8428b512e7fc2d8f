package initiator

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// One process can be several programs, one after the other: exec replaces the
// program and keeps the process, its children, and the descriptors that are
// meant to stay.

// successionVariable tells the next program what it was left. It holds numbers
// of descriptors and no secret.
const successionVariable = "INITIATOR_SUCCESSION"

// succession is what one program leaves to the next.
type succession struct {
	PID        int   // of the process: a child that has inherited the variable by mistake is none
	Generation int   // of the program that reads it
	Lock       int   // of the state directory
	Listeners  []int // the API's
	Own        bool  // the unix socket among them is the initiator's own
	Old        int   // the executable of the program before; 0 = this is that one again
	Failed     string

	Keeper  string // where the keeper waits
	Wait    int    // of a guard: when it ends, somebody has to go on
	Guard   int    // pid of the guard of whoever reads this
	Dismiss int    // … and how to let it go; 0 = there is none

	files []*os.File // what must stay open until it is settled
}

// handed is what this program was left; nil = it was started as any other. It
// is taken out of the environment, so that no child believes it.
var handed = sync.OnceValue(func() *succession {
	text, there := os.LookupEnv(successionVariable)
	if !there {
		return nil
	}
	_ = os.Unsetenv(successionVariable)
	var s succession
	if json.Unmarshal([]byte(text), &s) != nil || s.PID != os.Getpid() && !isPipe(s.Wait) {
		return nil
	}
	for _, fd := range s.descriptors() {
		unix.CloseOnExec(fd)
	}
	return &s
})

// isPipe tells the descriptor of a guard from one that a number names by chance.
func isPipe(fd int) bool {
	var st unix.Stat_t
	return fd > 2 && unix.Fstat(fd, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFIFO
}

func (s *succession) descriptors() (list []int) {
	for _, fd := range append([]int{s.Lock, s.Old, s.Wait, s.Dismiss}, s.Listeners...) {
		if fd > 2 {
			list = append(list, fd)
		}
	}
	return list
}

func (s *succession) generation() int {
	if s == nil {
		return 0
	}
	return s.Generation
}

func (s *succession) failed() string {
	if s == nil {
		return ""
	}
	return s.Failed
}

// lock is the lock of the state directory, when it is that directory's.
func (s *succession) lock(path string) *os.File {
	if s == nil {
		return nil
	}
	f := os.NewFile(uintptr(s.Lock), path)
	ours, err := f.Stat()
	there, err2 := os.Stat(path)
	if err != nil || err2 != nil || !os.SameFile(ours, there) {
		return nil
	}
	return f
}

// listeners are those of the API; nil = we have to open our own.
func (s *succession) listeners() (list []net.Listener, err error) {
	if s == nil {
		return nil, nil
	}
	for _, fd := range s.Listeners {
		f := os.NewFile(uintptr(fd), "listener "+strconv.Itoa(fd))
		l, err := net.FileListener(f)
		if err != nil {
			return nil, fmt.Errorf("go on listening: %w", err)
		}
		list = append(list, l) // f stays open as well: for whoever is recalled
		s.files = append(s.files, f)
	}
	return list, nil
}

// settled closes what was only left for the case of a failure.
func (s *succession) settled() {
	if s == nil {
		return
	}
	for _, f := range s.files {
		_ = f.Close()
	}
	s.files = nil
	if s.Old > 2 {
		unix.Close(s.Old)
		s.Old = 0
	}
}

// exec makes this process another program. It returns only when it cannot.
func (s *succession) exec(path string) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	for _, fd := range s.descriptors() {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0); err != nil {
			return fmt.Errorf("keep descriptor %d: %w", fd, err)
		}
	}
	env := append(os.Environ(), successionVariable+"="+string(text))
	for {
		err := syscall.Exec(path, os.Args, env)
		if !errors.Is(err, syscall.EINTR) {
			return fmt.Errorf("exec %s: %w", path, err)
		}
	}
}

// RevertUpgrade brings the program back that this one has replaced, when it cannot do
// what that one did: Run calls it, and so does whoever fails before Run. It
// returns the reason unchanged when there is nobody to bring back.
func RevertUpgrade(reason error) error {
	s := handed()
	if s == nil || s.Old <= 2 || reason == nil {
		return reason
	}
	back := *s
	back.Old, back.Failed = 0, reason.Error()
	back.Generation--
	old := s.Old
	// The descriptor of the executable itself need not stay open: exec has
	// opened it by then.
	err := back.exec(fmt.Sprintf("/proc/self/fd/%d", old))
	return errors.Join(reason, err)
}
