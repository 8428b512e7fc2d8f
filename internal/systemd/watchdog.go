package systemd

import (
	"fmt"
	"strconv"
	"time"
)

// longestWatchdog is more than anybody waits, and less than overflows.
const longestWatchdog = 365 * 24 * time.Hour

// WatchdogInterval is the time within which process pid has to say Alive, again and
// again; 0 = nobody waits for it. Say it at half that time, as sd_notify(3)
// advises.
func WatchdogInterval(lookup func(string) (string, bool), pid int) (time.Duration, error) {
	text, _ := lookup("WATCHDOG_USEC")
	if text == "" || !isForProcess(lookup, "WATCHDOG_PID", pid, true) {
		return 0, nil
	}
	us, err := strconv.ParseInt(text, 10, 64)
	if err != nil || us <= 0 || us > longestWatchdog.Microseconds() {
		return 0, fmt.Errorf("WATCHDOG_USEC=%s: not a number of microseconds", text)
	}
	return time.Duration(us) * time.Microsecond, nil
}

// isForProcess says whether a variable names the process pid. What is meant for
// another was inherited by mistake. absent is the answer when there is none.
func isForProcess(lookup func(string) (string, bool), name string, pid int, absent bool) bool {
	text, _ := lookup(name)
	if text == "" {
		return absent
	}
	return text == strconv.Itoa(pid)
}
