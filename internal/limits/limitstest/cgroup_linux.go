// Package limitstest gives tests a cgroup of their own.
package limitstest

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// CgroupBase creates a cgroup for one test. The test fails when the cgroup is not
// empty at its end, and is skipped where no cgroup can be created.
func CgroupBase(t *testing.T) string {
	t.Helper()
	for _, root := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		var st unix.Statfs_t
		if unix.Statfs(root, &st) != nil || st.Type != unix.CGROUP2_SUPER_MAGIC {
			continue
		}
		dir, err := os.MkdirTemp(root, "initiator-test-")
		if err != nil {
			t.Skipf("NOT RUN: no cgroup can be made here: %v", err)
		}
		t.Cleanup(func() {
			if err := os.Remove(dir); err != nil {
				t.Errorf("something is left in the cgroup: %v", err)
			}
		})
		return dir
	}
	t.Skip("NOT RUN: no cgroup v2 is mounted here")
	return ""
}
