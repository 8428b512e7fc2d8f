package supervise

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// startOf is field 22 of /proc/PID/stat: when the process began, in ticks since
// boot. A process that has ended and was not waited for is none.
func startOf(pid int) (uint64, bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, false
	}
	f := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(f) < 20 || !running(f) {
		return 0, false
	}
	start, err := strconv.ParseUint(string(f[19]), 10, 64)
	return start, err == nil
}

// bears reports whether a process was started as the worker of that guid.
func bears(pid int, guid string) bool { return guidOf(pid) == guid }
