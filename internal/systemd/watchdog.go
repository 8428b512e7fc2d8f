package systemd

import (
	"fmt"
	"strconv"
	"time"
)

// longestWatchdog limits the interval, so that it does not overflow.
const longestWatchdog = 365 * 24 * time.Hour

// WatchdogInterval returns the time within which process pid has to send Alive,
// again and again; 0 when the manager has no watchdog. Send Alive at half that
// time, as sd_notify(3) recommends. lookup is os.LookupEnv.
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

// isForProcess reports whether a variable names process pid. A variable for
// another process was inherited by mistake. absent is the result without the
// variable.
func isForProcess(lookup func(string) (string, bool), name string, pid int, absent bool) bool {
	text, _ := lookup(name)
	if text == "" {
		return absent
	}
	return text == strconv.Itoa(pid)
}
