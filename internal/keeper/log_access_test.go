package keeper

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"initiator/internal/logs"
)

// TestAccessOfLogs: a new log gets the permissions and the owner of the order. A
// log after a rotation gets them too, or those of the log before it where the
// order names none. A log that exists stays as it is.
func TestAccessOfLogs(t *testing.T) {
	t.Parallel()
	me, other := uint32(os.Geteuid()), uint32(os.Geteuid())
	if me == 0 {
		other = 54_321 // only root can give files away
	}
	describe := func(mode, uid uint32) string { return fmt.Sprintf("%04o of %d", mode, uid) }
	h := newTestKeeper(t)
	dir := t.TempDir()
	for i, test := range []struct {
		access       logs.Access
		byHand       os.FileMode // of a log that exists before, and belongs to other; 0 = none
		first, after string
	}{
		{access: logs.Access{}, first: describe(0o600, me), after: describe(0o600, me)},
		{access: logs.Access{Mode: 0o664, Exact: true, Owned: true, UID: other, GID: other}, first: describe(0o664, other), after: describe(0o664, other)},
		{access: logs.Access{}, byHand: 0o640, first: describe(0o640, other), after: describe(0o640, other)},
		{access: logs.Access{Mode: 0o644}, byHand: 0o640, first: describe(0o640, other), after: describe(0o640, other)},
		{access: logs.Access{Mode: 0o644, Exact: true}, byHand: 0o600, first: describe(0o600, other), after: describe(0o644, other)},
	} {
		guid := fmt.Sprint("w", i)
		s := orderChatter(guid, filepath.Join(dir, guid))
		s.Stdout.MaxBytes, s.Stdout.Backups, s.Stdout.Access = int64(len("line 1\n")), 1, test.access
		if test.byHand != 0 {
			if err := os.WriteFile(s.Stdout.Path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chown(s.Stdout.Path, int(other), int(other)); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(s.Stdout.Path, test.byHand); err != nil {
				t.Fatal(err)
			}
		}
		h.spawnWorker(s)
		h.awaitLine(guid, "begun")
		if err := h.Signal(guid, 1, int(syscall.SIGUSR1), false); err != nil {
			t.Fatal(err)
		}
		h.awaitLine(guid, "line 1")
		for path, want := range map[string]string{s.Stdout.Path + ".1": test.first, s.Stdout.Path: test.after} {
			var st syscall.Stat_t
			if err := syscall.Stat(path, &st); err != nil {
				t.Fatal(err)
			}
			if got := describe(uint32(st.Mode)&0o777, st.Uid); got != want {
				t.Errorf("%+v: %s is %s, want %s", test, filepath.Base(path), got, want)
			}
		}
	}
}
