package supervise

import (
	"fmt"
	"os"
)

// rssOf is how much memory a process holds, in bytes; 0 when it cannot be
// known. Descendants are not counted: memory_max is for those.
func rssOf(pid int) int64 {
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
