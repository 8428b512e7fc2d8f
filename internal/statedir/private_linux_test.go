package statedir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"initiator/internal/ownership"
)

// expectWords checks that a text has each of the words.
func expectWords(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%q is not in:\n%s", w, text)
		}
	}
}

// A directory of the initiator's user loses the permissions of others to write, with
// a warning. Permissions to read stay.
func TestOwnDirectoryBecomesPrivate(t *testing.T) {
	t.Parallel()
	for before, after := range map[os.FileMode]os.FileMode{0o777: 0o755, 0o775: 0o755, 0o770: 0o750, 0o755: 0o755, 0o700: 0o700} {
		path := filepath.Join(t.TempDir(), "state")
		if err := errors.Join(os.Mkdir(path, 0o700), os.Chmod(path, before)); err != nil {
			t.Fatal(err)
		}
		d, err := Open(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != after || d.Path() != path || d.Unsafe() != "" {
			t.Errorf("%o becomes %v, %v", before, info.Mode(), err)
		}
		if warned := len(d.Warnings()) > 0; warned != (before != after) {
			t.Errorf("%o: warnings %q", before, d.Warnings())
		}
		d.Close()
	}
}

// In a directory of another user, such as an emptyDir of Kubernetes, a private
// directory is made and found again. Where none can be made, the directory is refused
// with the remedy, or used with the problem.
func TestDirectoryOfAnotherUser(t *testing.T) {
	t.Parallel()
	needRoot(t)
	shared := publicDir(t, 0, 0o777)
	private := filepath.Join(shared, "uid-65534")
	for range 2 {
		got := openAs(t, stranger, "open", shared)
		expectWords(t, got, "path: "+private+"\n", "unsafe: \n", "located: "+private+"\n")
	}
	info, err := os.Lstat(private)
	if err != nil || info.Mode() != fs.ModeDir|0o700 || ownership.FactsOf(info).UID != stranger {
		t.Errorf("%v, %v", info, err)
	}
	if got := Locate(shared); got != private {
		t.Errorf("root locates %s", got)
	}
	group := publicDir(t, 0, 0o775|fs.ModeSetgid) // fsGroup of Kubernetes
	if err := os.Chown(group, 0, stranger); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(group, 0o775|fs.ModeSetgid); err != nil {
		t.Fatal(err)
	}
	expectWords(t, openAs(t, stranger, "open", group), "path: "+filepath.Join(group, "uid-65534")+"\n")

	closed := publicDir(t, 0, 0o755)
	expectWords(t, openAs(t, stranger, "open", closed),
		"refused: the state directory "+closed+" belongs to user 0 and the initiator runs as user 65534", "permission denied", "state_dir_unsafe = allow")
	if list, _ := os.ReadDir(closed); len(list) != 0 {
		t.Errorf("made in it: %v", list)
	}

	used := publicDir(t, 0, 0o777)
	if err := os.WriteFile(filepath.Join(used, "tasks.00000001.log"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	expectWords(t, openAs(t, stranger, "open", used), "refused:", "it has task files, which have to be moved to a private directory (uid-65534)")
	for range 2 { // files of other users may be in it
		expectWords(t, openAs(t, stranger, "allow", used), "path: "+used+"\n", "unsafe: the state directory "+used+" belongs to user 0", "another user can read, change and replace")
	}
}

// Root does not use the directory of another user, but a private directory in it.
func TestRootInDirectoryOfAnotherUser(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := publicDir(t, stranger, 0o700)
	d, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if want := filepath.Join(dir, "uid-0"); d.Path() != want {
		t.Errorf("it uses %s", d.Path())
	}
}

// A planted private directory is not used.
func TestPlantedPrivateDirectory(t *testing.T) {
	t.Parallel()
	needRoot(t)
	for what, plant := range map[string]func(path string) error{
		"a directory of another user": func(path string) error {
			return errors.Join(os.Mkdir(path, 0o700), os.Chown(path, 1234, 1234), os.Chmod(path, 0o777))
		},
		"a link": func(path string) error { return os.Symlink("/tmp", path) },
	} {
		shared := publicDir(t, 0, 0o777)
		if err := plant(filepath.Join(shared, "uid-65534")); err != nil {
			t.Fatal(err)
		}
		if got := openAs(t, stranger, "open", shared); !strings.HasPrefix(got, "refused: ") || !strings.Contains(got, "uid-65534") {
			t.Errorf("%s: %s", what, got)
		}
	}
}

// A file that another user has planted is refused with the reason, and nothing is
// changed where a link leads.
func TestPlantedFiles(t *testing.T) {
	t.Parallel()
	needRoot(t)
	victim := filepath.Join(t.TempDir(), "victim")
	secret := []byte(strings.Repeat("planted ", 8))
	if err := os.WriteFile(victim, secret, 0o600); err != nil {
		t.Fatal(err)
	}
	file := func(uid int, mode os.FileMode) func(string) error {
		return func(path string) error {
			return errors.Join(os.WriteFile(path, secret, 0o600), os.Chown(path, uid, uid), os.Chmod(path, mode))
		}
	}
	link := func(path string) error { return os.Symlink(victim, path) }
	for _, c := range []struct {
		name  string
		plant func(path string) error
		why   string
	}{
		{"token", file(stranger, 0o600), "belongs to user 65534"},
		{"token", file(0, 0o666), "can be written by every user"},
		{"token", link, "is a link"},
		{"token", func(path string) error { return unix.Mkfifo(path, 0o600) }, "is not what the initiator makes there"},
		{"lock", link, "is a link"},
		{"lock", func(path string) error { return os.Link(victim, path) }, "has another name too"},
		{"paused.json", file(stranger, 0o600), "belongs to user 65534"},
		{"workers.json", link, "is a link"},
		{"home.json", link, "is a link"},
		{"schedules.json", file(stranger, 0o644), "belongs to user 65534"},
		{"kept", link, "is a link"},
		{"kept", func(path string) error { return errors.Join(os.Mkdir(path, 0o700), os.Chown(path, stranger, stranger)) }, "belongs to user 65534"},
		{"tasks.00000001.log", file(stranger, 0o600), "belongs to user 65534"},
		{"tasks.00000007.log", link, "is a link"},
		{"initiator.sock", link, "is a link"},
		{"keeper.sock", file(stranger, 0o600), "is not what the initiator makes there"},
	} {
		dir := publicDir(t, 0, 0o777)
		path := filepath.Join(dir, c.name)
		if err := c.plant(path); err != nil {
			t.Fatal(err)
		}
		d, err := Open(dir, Options{})
		var foreign *ForeignError
		if !errors.As(err, &foreign) || foreign.Path != path || foreign.Why != c.why && !strings.HasPrefix(foreign.Why, c.why) {
			t.Errorf("%s, which %s: %v", c.name, c.why, err)
		}
		if err == nil {
			d.Close()
		}
	}
	if text, err := os.ReadFile(victim); err != nil || string(text) != string(secret) {
		t.Errorf("where the links lead, the file has %q, %v", text, err)
	}
}

// A verb that root runs leaves no file of root in another user's directory.
func TestVerbOfRootInDirectoryOfAnotherUser(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := publicDir(t, stranger, 0o700)
	d, err := OpenStopped(dir, "test")
	if err != nil {
		t.Fatal(err)
	}
	f, err := d.TaskFiles().OpenFile("tasks.00000001.log", true)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := d.TaskFiles().MakeDir("damaged-20300101T000000Z"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.RotateToken(); err != nil {
		t.Fatal(err)
	}
	d.Close()
	for _, name := range []string{"lock", "token", "tasks.00000001.log", "damaged-20300101T000000Z"} {
		info, err := os.Lstat(filepath.Join(dir, name))
		if err != nil || ownership.FactsOf(info).UID != stranger {
			t.Errorf("%s: %+v, %v", name, ownership.FactsOf(info), err)
		}
	}
	victim := filepath.Join(t.TempDir(), "victim")
	if err := errors.Join(os.WriteFile(victim, []byte("text"), 0o600), os.Remove(filepath.Join(dir, "lock")), os.Symlink(victim, filepath.Join(dir, "lock"))); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenStopped(dir, "test"); err == nil || !strings.Contains(err.Error(), "is a link") {
		t.Errorf("a planted link: %v", err)
	}
	if text, err := os.ReadFile(victim); err != nil || string(text) != "text" {
		t.Errorf("the file of the link has %q, %v", text, err)
	}
}
