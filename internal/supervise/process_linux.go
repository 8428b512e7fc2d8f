package supervise

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// processStart returns field 22 of /proc/PID/stat: the start of the process in
// ticks since boot. A zombie counts as ended.
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

// hasMark reports whether a process was started as the worker of that GUID.
func hasMark(pid int, guid string) bool { return guidOf(pid) == guid }
