package statedir

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestMain makes the test binary an initiator of another user: as `open DIR` or
// `allow DIR` it opens a state directory and writes what came of it.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && (os.Args[1] == "open" || os.Args[1] == "allow") {
		d, err := Open(os.Args[2], Options{Version: "test", AllowUnsafe: os.Args[1] == "allow"})
		if err == nil {
			_, _, err = d.LoadToken()
		}
		if err != nil {
			fmt.Print("refused: ", err)
			os.Exit(0)
		}
		fmt.Printf("path: %s\nunsafe: %s\nwarnings: %s\nlocated: %s\n", d.Path(), d.Unsafe(), strings.Join(d.Warnings(), "; "), Locate(os.Args[2]))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// openTestDir opens a new state directory until the end of the test.
func openTestDir(t testing.TB) *Dir {
	t.Helper()
	d, err := Open(t.TempDir(), Options{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// stranger is an ordinary user.
const stranger = 65534

// needRoot skips a test that gives files to other users.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: other users take root")
	}
}

// publicDir returns a directory that belongs to a user, with a mode, below
// directories that every user can search.
func publicDir(t *testing.T, uid int, mode os.FileMode) string {
	t.Helper()
	above := t.TempDir()
	dir := filepath.Join(above, "state")
	if err := errors.Join(os.Chmod(filepath.Dir(above), 0o755), os.Mkdir(dir, 0o700), os.Chown(dir, uid, uid), os.Chmod(dir, mode)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// openAs opens a state directory as a user, in another process.
func openAs(t *testing.T, uid uint32, verb, dir string) string {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", verb, dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	cmd.Env = append(os.Environ(), "TMPDIR=/tmp")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s as %d: %v: %s", verb, uid, err, out)
	}
	return string(out)
}
