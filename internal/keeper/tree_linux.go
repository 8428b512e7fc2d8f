package keeper

import (
	"bytes"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// canProveEmpty: no process escapes from below a subreaper, so an empty tree is
// a proof.
const canProveEmpty = true

// readStat reads /proc/PID/stat; false when there is no such process.
func readStat(pid int) (process, bool) {
	var buf [1024]byte
	text := readProc(buf[:], pid, "/stat")
	p, ok := parseStat(text)
	return p, ok
}

// readProc reads a small file of /proc/PID into buf.
func readProc(buf []byte, pid int, name string) []byte {
	return readFile(buf, "/proc/"+strconv.Itoa(pid)+name)
}

func readFile(buf []byte, path string) []byte {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	n := 0
	for n < len(buf) {
		got, err := unix.Read(fd, buf[n:])
		if got <= 0 || err != nil {
			break
		}
		n += got
	}
	return buf[:n]
}

// childLister finds children. Most kernels list the children of a thread in one
// file; on other kernels one pass over /proc serves a whole turn of the loop.
type childLister struct {
	byParent map[int][]int // nil = not read in this turn
	buf      []byte        // made at the first use
}

// hasChildrenFiles is decided once: the file depends on how the kernel was
// built.
var hasChildrenFiles = sync.OnceValue(func() bool {
	pid := strconv.Itoa(os.Getpid())
	_, err := os.Stat("/proc/" + pid + "/task/" + pid + "/children")
	return err == nil
})

// childrenOf returns the processes whose parent is pid, also processes that
// have ended and were not waited for.
func (t *childLister) childrenOf(pid int) []int {
	if !hasChildrenFiles() {
		return t.scanAll()[pid]
	}
	task := "/proc/" + strconv.Itoa(pid) + "/task"
	var list []int
	for _, thread := range listDir(task) {
		list = t.readPIDs(list, task+"/"+thread+"/children")
	}
	return list
}

// orphanPIDs returns the processes that became the keeper's children because
// their parent died; where the kernel does not list children by thread, all
// children.
func (t *childLister) orphanPIDs() []int {
	self := strconv.Itoa(os.Getpid())
	if !hasChildrenFiles() {
		return t.scanAll()[os.Getpid()]
	}
	return t.readPIDs(nil, "/proc/"+self+"/task/"+self+"/children")
}

// readPIDs appends the numbers in a file.
func (t *childLister) readPIDs(pids []int, path string) []int {
	if t.buf == nil {
		t.buf = make([]byte, 64<<10)
	}
	for field := range bytes.FieldsSeq(readFile(t.buf, path)) {
		pids = append(pids, parseDigits(field))
	}
	return pids
}

func (t *childLister) scanAll() map[int][]int {
	if t.byParent != nil {
		return t.byParent
	}
	t.byParent = map[int][]int{}
	for _, name := range listDir("/proc") {
		if pid := parseDigits([]byte(name)); pid > 0 {
			if p, ok := readStat(pid); ok {
				t.byParent[p.parent] = append(t.byParent[p.parent], pid)
			}
		}
	}
	return t.byParent
}

// execTime bounds the wait for a process that is executing another program.
// That takes microseconds, but a busy machine may stop the process just then.
const execTime = time.Second

// readEnvironment reads the environment that a process was started with. A
// process that is executing another program has no environment for a moment,
// and then an empty one. readEnvironment reads again then, or a descendant
// would count as unattributed from then on.
func readEnvironment(pid int) []byte {
	bare := 0
	for begun := time.Now(); ; time.Sleep(50 * time.Microsecond) {
		text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
		if len(text) > 0 || err != nil || time.Since(begun) > execTime {
			return text
		}
		if bare++; betweenPrograms(pid) {
			bare = 0
		}
		if bare == 3 {
			return nil
		}
	}
}

// betweenPrograms reports whether a process without a visible environment may
// have one all the same: the end of its environment (the 49th field after the
// name) is not known yet, or is not its beginning.
func betweenPrograms(pid int) bool {
	var buf [1024]byte
	text := readProc(buf[:], pid, "/stat")
	p, ok := parseStat(text)
	f := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if !ok || p.dead || len(f) < 49 {
		return false
	}
	return string(f[48]) == "0" || !bytes.Equal(f[47], f[48])
}

// commandName returns the name of a process, for messages.
func commandName(pid int) string {
	var buf [64]byte
	return string(bytes.TrimSpace(readProc(buf[:], pid, "/comm")))
}

// signalProcess signals one process and no later process with the same number.
func signalProcess(p process, sig unix.Signal) {
	fd, err := unix.PidfdOpen(p.pid, 0)
	if err == nil {
		defer unix.Close(fd)
	}
	if now, ok := readStat(p.pid); !ok || now.start != p.start {
		return
	}
	if err == nil {
		_ = unix.PidfdSendSignal(fd, sig, nil, 0)
	} else if err != unix.ESRCH {
		_ = unix.Kill(p.pid, sig)
	}
}
