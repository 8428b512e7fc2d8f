package procfs

import "bytes"

// LastPID returns the number that the newest thread of any process got; 0 =
// unknown. While it stays the same, no process was created.
func LastPID() int {
	var buf [128]byte
	fields := bytes.Fields(readFile(buf[:0], "/proc/loadavg"))
	if len(fields) < 5 {
		return 0
	}
	return max(0, ParseDigits(fields[4]))
}
