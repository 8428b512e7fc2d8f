package plan

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// stranger is a user that is neither root nor the user of the tests.
const stranger = 54_321

func needsRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file to another user")
	}
}

// TestWarningsOfFilesThatOthersCanChange: of the file itself, of its includes
// and of env_file.
func TestWarningsOfFilesThatOthersCanChange(t *testing.T) {
	const ini = "[include]\nfiles = more.ini\n[worker:a]\ncommand = x\nenv_file = a.env\n"
	const foreign = "[supervisord]\n[include]\nfiles = more.conf\n[program:a]\ncommand = x\n"
	for _, test := range []struct {
		name, file string
		expose     func(dir string) error
		want       string // DIR stands for the directory; "" = no warning
	}{
		{"private", "main.ini", func(string) error { return nil }, ""},
		{"readable by all", "main.ini", func(dir string) error { return os.Chmod(dir+"/main.ini", 0o644) }, ""},
		{
			"writable by all", "main.ini", func(dir string) error { return os.Chmod(dir+"/main.ini", 0o666) },
			"DIR/main.ini: this file can be written by every user (mode 0666), so another user can change what the initiator runs; chmod o-w DIR/main.ini",
		},
		{
			"include writable by all", "more.ini", func(dir string) error { return os.Chmod(dir+"/more.ini", 0o602) },
			"DIR/more.ini: this file can be written by every user (mode 0602), so another user can change what the initiator runs; chmod o-w DIR/more.ini",
		},
		{
			"env_file writable by all", "a.env", func(dir string) error { return os.Chmod(dir+"/a.env", 0o666) },
			"DIR/a.env: this file can be written by every user (mode 0666), so another user can change what the initiator runs; chmod o-w DIR/a.env",
		},
		{
			"of another user", "main.ini", func(dir string) error { return os.Chown(dir+"/main.ini", stranger, stranger) },
			"DIR/main.ini: this file belongs to user 54321, so another user can change what the initiator runs; chown it to root, or to the user that runs the initiator",
		},
		{
			"directory writable by all", "a.env", func(dir string) error { return os.Chmod(dir, 0o777) },
			"DIR/a.env: the directory DIR can be written by every user (mode 0777), so another user can replace this file, and change what the initiator runs; chmod o-w DIR",
		},
		{
			"directory of another user", "a.env", func(dir string) error { return os.Chown(dir, stranger, stranger) },
			"DIR/a.env: the directory DIR belongs to user 54321, so another user can replace this file, and change what the initiator runs; chown it to root, or to the user that runs the initiator",
		},
		{
			"of another user in a directory of that user", "main.ini", func(dir string) error {
				return errors.Join(os.Chown(dir, stranger, stranger), os.Chown(dir+"/main.ini", stranger, stranger))
			},
			"DIR/main.ini: this file belongs to user 54321, so another user can change what the initiator runs; chown it to root, or to the user that runs the initiator",
		},
		{"sticky directory", "main.ini", func(dir string) error { return os.Chmod(dir, 0o777|os.ModeSticky) }, ""},
		{
			"supervisord's, writable by all", "main.conf", func(dir string) error { return os.Chmod(dir+"/main.conf", 0o666) },
			"DIR/main.conf: this file can be written by every user (mode 0666), so another user can change what the initiator runs; chmod o-w DIR/main.conf",
		},
		{
			"supervisord's include", "more.conf", func(dir string) error { return os.Chmod(dir+"/more.conf", 0o666) },
			"DIR/more.conf: this file can be written by every user (mode 0666), so another user can change what the initiator runs; chmod o-w DIR/more.conf",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if strings.Contains(test.name, "another") {
				needsRoot(t)
			}
			dir := tree(t, map[string]string{"main.ini": ini, "more.ini": "[worker:b]\ncommand = x\n", "a.env": "A=1\n", "main.conf": foreign, "more.conf": "[program:b]\ncommand = x\n"})
			if err := test.expose(dir); err != nil {
				t.Fatal(err)
			}
			main := "main.ini"
			if strings.HasSuffix(test.file, ".conf") {
				main = "main.conf"
			}
			p, err := Load(filepath.Join(dir, main), testEnv)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range p.Warnings {
				if strings.HasPrefix(w, filepath.Join(dir, test.file)+":") {
					got = append(got, w)
				}
			}
			if text := strings.ReplaceAll(strings.Join(got, "\n"), dir, "DIR"); text != test.want {
				t.Errorf("got  %s\nwant %s", text, test.want)
			}
		})
	}
}

// TestWarningsOfSocket: a socket for all is dangerous, and a socket that nobody
// can reach has no effect.
func TestWarningsOfSocket(t *testing.T) {
	for _, test := range []struct {
		mode, group string
		closed      bool // the directory of the INI is closed to others
		want        string
	}{
		{"0600", "", true, ""},
		{"0660", "", false, ""},
		{"0660", "root", false, ""},
		{"0666", "", false, ":2: initiator, socket_mode: every user of this machine will be able to run programs as the initiator's user, because the socket asks for no token; write socket_mode = 0660 and socket_group = a group"},
		{"0600", "root", false, ":3: initiator, socket_group: the group has no use of the socket with socket_mode = 0600; write socket_mode = 0660"},
		{"0660", "root", true, ":2: initiator, socket_mode: the users for whom the socket is meant cannot reach it, because the directory DIR does not let them through; chmod it, or write state_dir = a directory elsewhere"},
	} {
		t.Run(fmt.Sprint(test.mode, test.group, test.closed), func(t *testing.T) {
			dir, err := os.MkdirTemp("/tmp", "plan")
			if err != nil {
				t.Fatal(err)
			}
			defer os.RemoveAll(dir)
			mode := os.FileMode(0o755)
			if test.closed {
				mode = 0o700
			}
			path := filepath.Join(dir, "main.ini")
			text := fmt.Sprintf("[initiator]\nsocket_mode = %s\nsocket_group = %s\n[worker:a]\ncommand = x\n", test.mode, test.group)
			if test.group == "" {
				text = strings.Replace(text, "socket_group = \n", "", 1)
			}
			if err := errors.Join(os.Chmod(dir, mode), os.WriteFile(path, []byte(text), 0o600)); err != nil {
				t.Fatal(err)
			}
			p, err := Load(path, testEnv)
			if err != nil {
				t.Fatal(err)
			}
			want := test.want
			if want != "" {
				want = path + strings.ReplaceAll(want, "DIR", dir)
			}
			if got := strings.Join(p.Warnings, "\n"); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// TestSocketOfSupervisord: chmod and chown of [unix_http_server] are those of the
// initiator's socket, unless the section has a password.
func TestSocketOfSupervisord(t *testing.T) {
	for _, test := range []struct {
		keys  string
		mode  uint32
		group string
	}{
		{"", 0o600, ""},
		{"chmod = 0770\nchown = root:daemon\n", 0o660, "daemon"},
		{"chmod = 0777\n", 0o666, ""},
		{"chmod = 0770\nchown = root:daemon\nusername = u\npassword = p\n", 0o600, ""},
	} {
		dir := tree(t, map[string]string{"s.conf": "[supervisord]\n[unix_http_server]\nfile = /tmp/s.sock\n" + test.keys + "[program:a]\ncommand = x\n"})
		p, err := Load(filepath.Join(dir, "s.conf"), testEnv)
		if err != nil {
			t.Fatal(err)
		}
		if s := p.Settings; s.SocketMode != test.mode || s.SocketGroup != test.group {
			t.Errorf("%q: %04o %q", test.keys, s.SocketMode, s.SocketGroup)
		}
		if warned := strings.Contains(strings.Join(p.Warnings, "\n"), "every user of this machine will be able"); warned != (test.mode&0o002 != 0) {
			t.Errorf("%q: %q", test.keys, p.Warnings)
		}
	}
}

// TestEnvFileBehindLinkOfAnotherUser: the variables of a file of root must not
// become those of the worker whose user planted the link.
func TestEnvFileBehindLinkOfAnotherUser(t *testing.T) {
	needsRoot(t)
	dir := tree(t, map[string]string{"main.ini": "[worker:a]\ncommand = x\nenv_file = a.env\n", "secret.env": "SECRET=1\n"})
	link := filepath.Join(dir, "a.env")
	if err := errors.Join(os.Symlink(dir+"/secret.env", link), os.Lchown(link, stranger, stranger)); err != nil {
		t.Fatal(err)
	}
	_, err := Load(filepath.Join(dir, "main.ini"), testEnv)
	if err == nil || !strings.Contains(err.Error(), "a.env belongs to user 54321 and is not followed") {
		t.Errorf("%v", err)
	}
}
