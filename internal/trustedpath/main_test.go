package trustedpath

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// stranger is the user that is neither root nor the user of the tests.
const stranger = 54_321

// actVariable makes the test binary do something as another user.
const actVariable = "TRUSTEDPATH_TEST_ACT"

func TestMain(m *testing.M) {
	if act := os.Getenv(actVariable); act != "" {
		if err := acts[act](os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// acts are what the stranger can do.
var acts = map[string]func(args []string) error{
	"symlink": func(a []string) error { return os.Symlink(a[0], a[1]) },
	"write":   func(a []string) error { return os.WriteFile(a[0], []byte(a[1]), 0o600) },
	"fifo":    func(a []string) error { return syscall.Mkfifo(a[0], 0o666) },
	"swap":    swapForever,
}

// swapForever makes a path a directory and a link in turn, until it is killed.
func swapForever(a []string) error {
	dir, link, path := a[0], a[1], a[2]
	fmt.Println("swapping")
	for {
		for _, from := range []string{dir, link} {
			if err := os.Rename(from, path); err != nil {
				return err
			}
			if err := os.Rename(path, from); err != nil {
				return err
			}
		}
	}
}

// asStranger returns a command that runs an act as the stranger.
func asStranger(t *testing.T, act string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", args...)
	cmd.Env = []string{actVariable + "=" + act}
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: stranger, Gid: stranger}}
	return cmd
}

// strangerDoes runs an act as the stranger and waits for its end.
func strangerDoes(t *testing.T, act string, args ...string) {
	t.Helper()
	if err := asStranger(t, act, args...).Run(); err != nil {
		t.Fatalf("%s %s: %v", act, strings.Join(args, " "), err)
	}
}

// needsRoot ends a test that another user can be acted for by root only. The
// pipeline runs the tests as root.
func needsRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can act as another user")
	}
}

// openTree returns a directory that every user can go through, with a directory
// of the stranger's in it, and a file of root's with the text "secret\n".
func openTree(t *testing.T) (dir, theirs, secret string) {
	t.Helper()
	needsRoot(t)
	dir, err := os.MkdirTemp("/tmp", "trustedpath")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	theirs, secret = filepath.Join(dir, "theirs"), filepath.Join(dir, "secret")
	for _, err := range []error{
		os.Chmod(dir, 0o755), os.Mkdir(theirs, 0o755), os.Chown(theirs, stranger, stranger), os.WriteFile(secret, []byte("secret\n"), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir, theirs, secret
}

func textOf(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
