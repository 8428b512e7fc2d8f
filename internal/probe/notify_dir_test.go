package probe

import (
	"os"
	"path/filepath"
	"testing"
)

// TestNotifyParent: a directory that other users cannot enter, or below such a
// directory, is not used when there is a better one.
func TestNotifyParent(t *testing.T) {
	open, err := os.MkdirTemp("/tmp", "initiator-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(open) })
	private := filepath.Join(open, "private")
	below := filepath.Join(private, "below")
	for dir, mode := range map[string]os.FileMode{open: 0o711, private: 0o700, below: 0o777} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ preferred, fallback, want string }{
		{open, "/tmp", open},
		{private, open, open},
		{below, open, open},
		{private, below, private},
		{filepath.Join(open, "missing"), open, open},
	} {
		if got := notifyParent(c.preferred, c.fallback); got != c.want {
			t.Errorf("%s or %s: %s, want %s", c.preferred, c.fallback, got, c.want)
		}
	}
}
