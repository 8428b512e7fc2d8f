package procfs

import (
	"bytes"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ReadStat reads /proc/PID/stat; false when there is no such process.
func ReadStat(pid int) (Process, bool) {
	var buf [1024]byte
	return parseStat(readFile(buf[:0], path(pid, "stat")))
}

// ExitStatus returns the exit status of a process that has ended and was not
// waited for. Zero means unknown: the process is no such process, or the kernel
// does not show the status to this user.
func ExitStatus(pid int, start uint64) unix.WaitStatus {
	var buf [1024]byte
	text := readFile(buf[:0], path(pid, "stat"))
	if p, ok := parseStat(text); !ok || p.Start != start || !p.Ended {
		return 0
	}
	f := fieldsAfterName(text)
	return unix.WaitStatus(max(0, ParseDigits(f[len(f)-1])))
}

// ListPIDs returns every process that /proc shows.
func ListPIDs() []int {
	var pids []int
	for _, name := range ListDir("/proc") {
		if pid := ParseDigits([]byte(name)); pid > 0 {
			pids = append(pids, pid)
		}
	}
	return pids
}

// CommandName returns the short name of a process; "" when it has ended.
func CommandName(pid int) string {
	var buf [64]byte
	return string(bytes.TrimSpace(readFile(buf[:0], path(pid, "comm"))))
}

// CommandLine returns the arguments of a process, joined by spaces; "" when it
// has ended.
func CommandLine(pid int) string { return strings.TrimSpace(strings.Join(Arguments(pid), " ")) }

// Arguments returns the arguments of a process; none when it has ended. A process
// can overwrite them.
func Arguments(pid int) []string {
	text := strings.TrimRight(string(readFile(nil, path(pid, "cmdline"))), "\x00")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\x00")
}

// Executable returns the path of the program that a process runs, which the
// process cannot change; "" when it has ended, or belongs to another user. The
// file may have been removed or replaced since.
func Executable(pid int) string {
	target, _ := os.Readlink(path(pid, "exe"))
	return strings.TrimSuffix(target, " (deleted)")
}

// ResidentMemory returns how much memory a process holds, without its
// descendants, in bytes; 0 = unknown.
func ResidentMemory(pid int) int64 {
	var buf [128]byte
	fields := bytes.Fields(readFile(buf[:0], path(pid, "statm")))
	if len(fields) < 2 {
		return 0
	}
	return int64(max(0, ParseDigits(fields[1]))) * int64(os.Getpagesize())
}

// path returns the path of a file of a process.
func path(pid int, name string) string { return "/proc/" + strconv.Itoa(pid) + "/" + name }

// readFile appends a file to buf, up to an error. It allocates nothing when buf
// has the room.
func readFile(buf []byte, path string) []byte {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := unix.Read(fd, buf[len(buf):cap(buf)])
		if n <= 0 || err != nil {
			return buf
		}
		buf = buf[:len(buf)+n]
	}
}
