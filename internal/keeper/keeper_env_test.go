package keeper

import (
	"fmt"
	"testing"
)

func TestKeeperEnv(t *testing.T) {
	t.Parallel()
	got := keeperEnv([]string{
		"PATH=/bin", "NOTIFY_SOCKET=/run/n", "LISTEN_FDS=1", "LISTEN_PID=7", "WATCHDOG_USEC=9", "WATCHDOG_PID=7",
		"INITIATOR_GUID=a", "NOTIFY_SOCKETS=kept", "EMPTY=", "SECRET=s", "SECRET_NOT=kept",
	}, []string{"SECRET"})
	if want := "[PATH=/bin INITIATOR_GUID=a NOTIFY_SOCKETS=kept EMPTY= SECRET_NOT=kept]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
