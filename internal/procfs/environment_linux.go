package procfs

import (
	"bytes"
	"os"
	"time"
)

// execTime bounds the wait for a process that is executing another program.
// That takes microseconds, but a busy machine may stop the process just then.
const execTime = time.Second

// ReadEnvironment returns the environment that a process was started with:
// NAME=value entries, each ended by a zero byte. It is empty when the process
// has ended, may not be read, or is executing another program just now.
func ReadEnvironment(pid int) []byte {
	text, _ := os.ReadFile(path(pid, "environ"))
	return text
}

// AwaitEnvironment returns the environment that a process was started with. A
// process that is executing another program has no environment for a moment,
// and then an empty one. AwaitEnvironment reads again then, for at most a
// second, so that a descendant of a worker is not taken for another process.
func AwaitEnvironment(pid int) []byte {
	bare := 0
	for begun := time.Now(); ; time.Sleep(50 * time.Microsecond) {
		text, err := os.ReadFile(path(pid, "environ"))
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
	text := readFile(buf[:0], path(pid, "stat"))
	p, ok := parseStat(text)
	f := fieldsAfterName(text)
	if !ok || p.Ended || len(f) < 49 {
		return false
	}
	return string(f[48]) == "0" || !bytes.Equal(f[47], f[48])
}
