package upgrade

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

// stateVariable is the environment variable that holds the ExecState of the next
// program. It holds numbers of descriptors and no secret.
const stateVariable = "INITIATOR_SUCCESSION"

// ExecState is what one program of a process passes to the next. A nil pointer is
// the state of a program that no upgrade has started; its methods may be called.
// The names in JSON are read by other versions of the program: they stay.
type ExecState struct {
	PID        int   // of the process; a child that has inherited the variable by mistake has another
	Generation int   // of the program that reads the state
	Lock       int   // descriptor of the state directory's lock
	Listeners  []int // descriptors of the API's listeners
	OwnsSocket bool  `json:"Own"` // the unix socket among the listeners is the initiator's own
	// PreviousProgram is a descriptor of the previous program's executable; 0 =
	// the program that reads the state is that program again.
	PreviousProgram int    `json:"Old"`
	Failure         string `json:"Failed"` // why the upgrade was reverted; "" = it was not

	KeeperSocket    string `json:"Keeper"`  // where the keeper waits
	FallbackWait    int    `json:"Wait"`    // in a fallback process: a pipe that ends with the program that it stands by for
	FallbackPID     int    `json:"Guard"`   // the fallback process of the program that reads the state
	FallbackRelease int    `json:"Dismiss"` // the other end of its pipe; 0 = there is no fallback process

	files []*os.File // open until the program has come up, for a revert
}

// LoadExecState returns what this program was passed; nil = no upgrade has started
// it. It removes the state from the environment, so that no child reads it.
var LoadExecState = sync.OnceValue(func() *ExecState {
	text, exists := os.LookupEnv(stateVariable)
	if !exists {
		return nil
	}
	_ = os.Unsetenv(stateVariable)
	var s ExecState
	if json.Unmarshal([]byte(text), &s) != nil || s.PID != os.Getpid() && !isPipe(s.FallbackWait) {
		return nil
	}
	for _, fd := range s.descriptors() {
		unix.CloseOnExec(fd)
	}
	return &s
})

// isPipe reports whether fd is the pipe of a fallback process, and not another
// descriptor that has its number by chance.
func isPipe(fd int) bool {
	var st unix.Stat_t
	return fd > 2 && unix.Fstat(fd, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFIFO
}

func (s *ExecState) descriptors() (list []int) {
	for _, fd := range append([]int{s.Lock, s.PreviousProgram, s.FallbackWait, s.FallbackRelease}, s.Listeners...) {
		if fd > 2 {
			list = append(list, fd)
		}
	}
	return list
}

// GenerationNumber counts the programs that this process has been, from 0.
func (s *ExecState) GenerationNumber() int {
	if s == nil {
		return 0
	}
	return s.Generation
}

// RevertReason says why the last upgrade was reverted; "" = it was not.
func (s *ExecState) RevertReason() string {
	if s == nil {
		return ""
	}
	return s.Failure
}

// InheritedLock returns the lock that was passed, when it is the lock at path.
// Otherwise it returns nil.
func (s *ExecState) InheritedLock(path string) *os.File {
	if s == nil {
		return nil
	}
	f := os.NewFile(uintptr(s.Lock), path)
	passed, err := f.Stat()
	atPath, err2 := os.Stat(path)
	if err != nil || err2 != nil || !os.SameFile(passed, atPath) {
		return nil
	}
	return f
}

// InheritedListeners returns the API's listeners that were passed.
func (s *ExecState) InheritedListeners() (list []net.Listener, err error) {
	for _, fd := range s.Listeners {
		f := os.NewFile(uintptr(fd), "listener "+strconv.Itoa(fd))
		l, err := net.FileListener(f)
		if err != nil {
			return nil, fmt.Errorf("go on listening: %w", err)
		}
		list = append(list, l)
		s.files = append(s.files, f) // stays open as well, for a revert
	}
	return list, nil
}

// closeReserve closes what was only kept open for a revert.
func (s *ExecState) closeReserve() {
	for _, f := range s.files {
		_ = f.Close()
	}
	s.files = nil
	if s.PreviousProgram > 2 {
		unix.Close(s.PreviousProgram)
		s.PreviousProgram = 0
	}
}

// execProgram makes this process another program. It returns only when it cannot.
func (s *ExecState) execProgram(path string) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	for _, fd := range s.descriptors() {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0); err != nil {
			return fmt.Errorf("keep descriptor %d: %w", fd, err)
		}
	}
	env := append(os.Environ(), stateVariable+"="+string(text))
	for {
		err := syscall.Exec(path, os.Args, env)
		if !errors.Is(err, syscall.EINTR) {
			return fmt.Errorf("exec %s: %w", path, err)
		}
	}
}
