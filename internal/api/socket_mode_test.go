package api_test

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"initiator/initiator/initiatortest"
	"initiator/internal/unixpath"
)

// connectVariable makes the test binary ask the initiator at a socket.
const connectVariable = "API_TEST_CONNECT"

// askOver returns the status of GET /healthz, or why the socket is closed.
func askOver(socket string) (answer string) {
	err := unixpath.WithShortPath(socket, func(short string) error {
		c, err := net.Dial("unix", short)
		if err != nil {
			return err
		}
		defer c.Close()
		if _, err := c.Write([]byte("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")); err != nil {
			return err
		}
		got, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err == nil {
			answer = got.Status
			got.Body.Close()
		}
		return err
	})
	if errors.Is(err, fs.ErrPermission) {
		return "permission denied"
	}
	if err != nil {
		return err.Error()
	}
	return answer
}

// askAs asks over the socket as another user, who is in one further group.
func askAs(t *testing.T, socket string, uid, group uint32) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
	cmd.Env = []string{connectVariable + "=" + socket}
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid, Groups: []uint32{group}}}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestSocketModeAndGroup: who may connect according to socket_mode and
// socket_group can connect, and no one else. All other files of the state
// directory stay closed. A path that is too long for a socket address is no
// exception.
func TestSocketModeAndGroup(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can ask as another user")
	}
	t.Parallel()
	const stranger, group, otherGroup = 54_321, 1, 54_322
	g, err := user.LookupGroupId(fmt.Sprint(group))
	if err != nil {
		t.Fatal(err)
	}
	const allowed, denied = "200 OK", "permission denied"
	for _, test := range []struct {
		name, keys              string
		member, other           string
		directoryMode, fileMode os.FileMode
		long                    bool // also with a long path
	}{
		{"by default", "", denied, denied, 0o700, 0o600, true},
		{"for a group", "socket_mode = 0660\nsocket_group = " + g.Name, allowed, denied, 0o710, 0o660, true},
		{"for a numbered group", "socket_mode = 0620\nsocket_group = 1", allowed, denied, 0o710, 0o620, false},
		{"for all", "socket_mode = 0666", allowed, allowed, 0o711, 0o666, false},
		{"for root's group", "socket_mode = 0660", denied, denied, 0o710, 0o660, false},
	} {
		names := []string{"state"}
		if test.long {
			names = append(names, strings.Repeat("long", 30))
		}
		for _, name := range names {
			t.Run(test.name+" "+name[:5], func(t *testing.T) {
				t.Parallel()
				dir, err := os.MkdirTemp("/tmp", "socket")
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = os.RemoveAll(dir) })
				if err := os.Chmod(dir, 0o755); err != nil {
					t.Fatal(err)
				}
				state := filepath.Join(dir, name)
				in := initiatortest.StartText(t, ini+"\n[initiator]\n"+test.keys+"\n", initiatortest.StateDir(state))
				if got := askAs(t, in.Initiator().Socket(), stranger, group); got != test.member {
					t.Errorf("a member of the group: %s", got)
				}
				if got := askAs(t, in.Initiator().Socket(), stranger, otherGroup); got != test.other {
					t.Errorf("another user: %s", got)
				}
				checkModes(t, state, in.Initiator().Socket(), test.directoryMode, test.fileMode)
			})
		}
	}
}

// checkModes checks that the socket and the directory have their modes, and that
// nothing else in the directory is open to others.
func checkModes(t *testing.T, state, socket string, directory, ofSocket os.FileMode) {
	t.Helper()
	err := filepath.WalkDir(state, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a file that was replaced in the meantime
		}
		switch mode := info.Mode().Perm(); {
		case path == state && mode != directory, path == socket && mode != ofSocket:
			t.Errorf("%s has mode %04o", path, mode)
		case path != state && path != socket && mode&0o077 != 0:
			t.Errorf("%s is open to others: mode %04o", path, mode)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
