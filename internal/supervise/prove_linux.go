package supervise

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// processStart is field 22 of /proc/PID/stat: when the process began, in ticks since
// boot. A process that has ended and was not waited for is none.
func processStart(pid int) (uint64, bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, false
	}
	f := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(f) < 20 || !isRunning(f) {
		return 0, false
	}
	start, err := strconv.ParseUint(string(f[19]), 10, 64)
	return start, err == nil
}

// hasMark reports whether a process was started as the worker of that guid.
func hasMark(pid int, guid string) bool { return guidOf(pid) == guid }
