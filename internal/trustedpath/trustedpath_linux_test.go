package trustedpath

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// appendTo appends a line to a path, as the keeper does.
func appendTo(path string) error {
	fd, _, err := OpenAppend(path, 0o600)
	if err != nil {
		return err
	}
	_, err = unix.Write(fd, []byte("line\n"))
	return errors.Join(err, unix.Close(fd))
}

// TestLinks: a link of root is followed and a link of the stranger is not, as
// the last component and before it, to a file that exists and to none.
func TestLinks(t *testing.T) {
	dir, theirs, secret := openTree(t)
	for _, test := range []struct {
		name         string
		link, target string // of the link
		path         string // that is opened
		byStranger   bool
	}{
		{"root's link to a file", dir + "/a", secret, dir + "/a", false},
		{"root's relative link", dir + "/b", "theirs/../secret", dir + "/b", false},
		{"root's link to a directory", dir + "/c", dir, dir + "/c/secret", false},
		{"root's link to a missing file", dir + "/d", dir + "/new", dir + "/d", false},
		{"the stranger's link to a file", theirs + "/a", secret, theirs + "/a", true},
		{"the stranger's link to a missing file", theirs + "/b", dir + "/planted", theirs + "/b", true},
		{"the stranger's link to a directory", theirs + "/c", dir, theirs + "/c/secret", true},
		{"the stranger's link to a directory that is to be made", theirs + "/d", dir, theirs + "/d/made/secret", true},
		{"root's link to the stranger's link", dir + "/e", theirs + "/a", dir + "/e", true},
		{"the stranger's link to itself", theirs + "/f", theirs + "/f", theirs + "/f", true},
	} {
		if strings.HasPrefix(test.link, theirs) {
			strangerDoes(t, "symlink", test.target, test.link)
		} else if err := os.Symlink(test.target, test.link); err != nil {
			t.Fatal(err)
		}
		err, checked := appendTo(test.path), Check(test.path)
		f, readErr := OpenRead(test.path)
		if readErr == nil {
			f.Close()
		}
		behind := func(path string) bool { return path != test.path && !strings.HasPrefix(path, theirs) }
		if at, ok := Reach(test.path, behind); ok == test.byStranger {
			t.Errorf("%s: Reach: %q, %v", test.name, at, ok)
		}
		for what, err := range map[string]error{"append": err, "check": checked, "read": readErr} {
			var refused *LinkError
			if errors.As(err, &refused) != test.byStranger || err != nil && !test.byStranger {
				t.Errorf("%s: %s: %v", test.name, what, err)
			}
			if refused != nil && refused.UID != stranger {
				t.Errorf("%s: the owner is %d", test.name, refused.UID)
			}
		}
	}
	if text := textOf(t, secret); text != "secret\nline\nline\nline\n" {
		t.Errorf("the file of root has %q", text)
	}
	if _, err := os.Stat(dir + "/planted"); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a file was made behind the stranger's link")
	}
	if _, err := os.Stat(dir + "/made"); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a directory was made behind the stranger's link")
	}
}

// TestNewFileIsPrivate: the file has mode 0600 and its directories 0700, in a
// directory of the stranger's as well, and the second open appends.
func TestNewFileIsPrivate(t *testing.T) {
	_, theirs, _ := openTree(t)
	path := theirs + "/made/as well/out.log"
	for range 2 {
		if err := appendTo(path); err != nil {
			t.Fatal(err)
		}
	}
	for path, mode := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700 | os.ModeDir, theirs + "/made": 0o700 | os.ModeDir} {
		if info, err := os.Stat(path); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if text := textOf(t, path); text != "line\nline\n" {
		t.Errorf("%q", text)
	}
}

// TestHardLinks: a second name of a file is refused where another user can have
// made it, and not in a directory of root.
func TestHardLinks(t *testing.T) {
	dir, theirs, secret := openTree(t)
	sticky := dir + "/sticky"
	if err := errors.Join(os.Mkdir(sticky, 0o777), os.Chmod(sticky, 0o777|os.ModeSticky)); err != nil {
		t.Fatal(err)
	}
	for path, refused := range map[string]bool{theirs + "/hard": true, sticky + "/hard": true, dir + "/hard": false} {
		if err := os.Link(secret, path); err != nil { // with fs.protected_hardlinks = 0 the stranger could
			t.Fatal(err)
		}
		var hard *HardLinkError
		if err := appendTo(path); errors.As(err, &hard) != refused || err != nil && !refused {
			t.Errorf("%s: %v", path, err)
		}
		if err := Check(path); (err != nil) != refused {
			t.Errorf("check %s: %v", path, err)
		}
	}
	if text := textOf(t, secret); text != "secret\nline\n" {
		t.Errorf("the file of root has %q", text)
	}
}

// TestSpecialFiles: descriptors of this process can be named, and a fifo stops
// neither a writer nor a reader.
func TestSpecialFiles(t *testing.T) {
	_, theirs, _ := openTree(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	for _, path := range []string{"/dev/fd/", "/proc/self/fd/", "/proc/thread-self/fd/"} {
		if err := appendTo(path + strconv.Itoa(int(w.Fd()))); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if line, err := bufio.NewReader(r).ReadString('\n'); line != "line\n" {
			t.Errorf("%s: %q, %v", path, line, err)
		}
	}
	if err := appendTo("/dev/null"); err != nil {
		t.Error(err)
	}
	fifo := theirs + "/fifo"
	strangerDoes(t, "fifo", fifo)
	if err := appendTo(fifo); !errors.Is(err, syscall.ENXIO) {
		t.Errorf("a fifo without a reader: %v", err)
	}
	if _, err := OpenRead(fifo); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reading a fifo: %v", err)
	}
	if _, err := ReadFile(fifo); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reading the stranger's fifo: %v", err)
	}
}

// TestFaultsAreTheKernels: a path that cannot be opened has the kernel's reason.
func TestFaultsAreTheKernels(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		dir: syscall.EISDIR, dir + "/file/x": syscall.ENOTDIR, "/": syscall.EISDIR, dir + "/" + strings.Repeat("n", 300): syscall.ENAMETOOLONG,
	} {
		if err := appendTo(path); !errors.Is(err, want) {
			t.Errorf("%.60s: %v", path, err)
		}
	}
	if _, err := OpenRead(dir + "/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := appendTo("relative"); err == nil {
		t.Error("a relative path is accepted")
	}
	if err := appendTo(dir + "/./a//b/../c"); err != nil {
		t.Error(err)
	}
}

// TestSwappedDirectory: while the stranger makes a directory of the path a link
// and a directory in turn, no file is written behind the link.
func TestSwappedDirectory(t *testing.T) {
	dir, theirs, secret := openTree(t)
	strangersDir := theirs + "/dir"
	if err := errors.Join(os.Mkdir(strangersDir, 0o755), os.Chown(strangersDir, stranger, stranger)); err != nil {
		t.Fatal(err)
	}
	strangerDoes(t, "symlink", dir, theirs+"/link")
	swap := asStranger(t, "swap", strangersDir, theirs+"/link", theirs+"/path")
	out, err := swap.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := swap.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = swap.Process.Kill(); _ = swap.Wait() }()
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(line, err)
	}
	refused := 0
	for range 3000 {
		if err := appendTo(theirs + "/path/secret"); IsRefusal(err) {
			refused++
		}
		if d, err := OpenDirOf(theirs + "/path/secret"); err == nil {
			_ = d.Rename("secret", "secret.1")
			_ = d.Remove("secret.1")
			d.Close()
		}
	}
	if text := textOf(t, secret); text != "secret\n" {
		t.Errorf("the file of root has %q", text)
	}
	t.Logf("the link was met %d times", refused)
}

// TestRotationBehindLink: a rotation moves no file behind a link of another
// user.
func TestRotationBehindLink(t *testing.T) {
	dir, theirs, secret := openTree(t)
	strangerDoes(t, "symlink", dir, theirs+"/link")
	if d, err := OpenDirOf(theirs + "/link/secret"); !IsRefusal(err) {
		d.Close()
		t.Errorf("the directory behind the link was opened: %v", err)
	}
	strangerDoes(t, "symlink", secret, theirs+"/name")
	d, err := OpenDirOf(theirs + "/name")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := errors.Join(d.Rename("name", "name.1"), d.Remove("name.1")); err != nil {
		t.Error(err)
	}
	if text := textOf(t, secret); text != "secret\n" {
		t.Errorf("the file of root has %q", text)
	}
}
