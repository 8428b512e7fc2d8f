package limits

import (
	"fmt"
	"os"
)

// ResidentMemory returns how much memory a process holds, in bytes; 0 = unknown.
// It does not count descendants: memory_max limits the whole worker.
func ResidentMemory(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	var size, resident int64
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		return 0
	}
	return resident * int64(os.Getpagesize())
}
