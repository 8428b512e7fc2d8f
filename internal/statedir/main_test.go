package statedir

import "testing"

// openTestDir opens a new state directory until the end of the test.
func openTestDir(t testing.TB) *Dir {
	t.Helper()
	d, err := Open(t.TempDir(), "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}
