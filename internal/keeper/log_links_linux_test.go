package keeper

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// stranger is the user of a worker that plants links.
const stranger = 54_321

// strangersTree returns a directory of the stranger, and a file of root beside
// it that only root can write to.
func strangersTree(t *testing.T) (theirs, secret string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can start a process of another user")
	}
	dir, err := os.MkdirTemp("/tmp", "keeper")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	theirs, secret = filepath.Join(dir, "theirs"), filepath.Join(dir, "secret")
	if err := errors.Join(os.Chmod(dir, 0o755), os.Mkdir(theirs, 0o755), os.Chown(theirs, stranger, stranger), os.WriteFile(secret, []byte("secret\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	return theirs, secret
}

// orderScript orders a script of the stranger whose output goes to path. It
// writes "begun", and runs each of steps at a USR1.
func orderScript(path string, steps ...string) SpawnOrder {
	script := `n=0; trap 'n=$((n+1))' USR1; echo begun; `
	for i, step := range steps {
		script += "while [ $n -le " + string(rune('0'+i)) + " ]; do sleep 0.1; done; " + step + "; "
	}
	s := orderCommand("w", "sh", "-c", script+"while :; do sleep 0.1; done")
	s.Stdout.Path, s.RedirectStderr = path, true
	s.SetUser, s.UID, s.GID = true, stranger, stranger
	return s
}

// TestLinkOfWorkersUserIsNotFollowed: a worker puts a link to a file of root in
// the place of its log, or of the log's directory. Neither the next line, nor a
// rotation, nor clear, nor reopening the logs touches the file behind it.
func TestLinkOfWorkersUserIsNotFollowed(t *testing.T) {
	for _, test := range []struct{ name, log, plant string }{
		{"the log", "out.log", "mv out.log old.log; ln -s ../secret out.log"},
		{"its directory", "dir/secret", "mv dir old; ln -s .. dir"},
	} {
		for _, verb := range []string{"reopen", "clear", "rotate"} {
			t.Run(test.name+" "+verb, func(t *testing.T) {
				theirs, secret := strangersTree(t)
				h := newTestKeeper(t)
				s := orderScript(filepath.Join(theirs, test.log), "cd "+theirs+"; "+test.plant+"; echo planted", "echo evil line; echo evil end")
				if verb == "rotate" {
					s.Stdout.MaxBytes, s.Stdout.Backups = 15, 2
				}
				if err := errors.Join(os.Mkdir(theirs+"/dir", 0o755), os.Chown(theirs+"/dir", stranger, stranger)); err != nil {
					t.Fatal(err)
				}
				h.spawnWorker(s)
				h.awaitLine("w", "begun")
				h.signalWorker(syscall.SIGUSR1)
				h.awaitLine("w", "planted")
				switch verb {
				case "reopen":
					if err := h.ReopenLogs(); err != nil {
						t.Fatal(err)
					}
				case "clear":
					_ = h.clearLog("w", s.Stdout.Path) // the name may be removed, and never the file behind it
				}
				h.signalWorker(syscall.SIGUSR1)
				h.awaitLine("w", "evil end")
				if text, err := os.ReadFile(secret); string(text) != "secret\n" {
					t.Errorf("the file of root has %q, %v", text, err)
				}
			})
		}
	}
}

func (h *testKeeper) signalWorker(sig syscall.Signal) {
	h.t.Helper()
	if err := h.Signal("w", 1, int(sig), false); err != nil {
		h.t.Fatal(err)
	}
}

// TestWorkerIsNotStartedWithForeignLink: the reason says which link it is, whose,
// and what to do, and is the reason of the worker's state.
func TestWorkerIsNotStartedWithForeignLink(t *testing.T) {
	theirs, secret := strangersTree(t)
	link := filepath.Join(theirs, "out.log")
	if err := errors.Join(os.Symlink(secret, link), os.Lchown(link, stranger, stranger)); err != nil {
		t.Fatal(err)
	}
	h := newTestKeeper(t)
	for _, order := range []func(*SpawnOrder){
		func(s *SpawnOrder) { s.Stdout.Path = link },
		func(s *SpawnOrder) { s.Stderr.Path, s.RedirectStderr = link, false },
	} {
		s := orderScript("")
		order(&s)
		if err := h.Spawn(s); err != nil {
			t.Fatal(err)
		}
		e := h.awaitKind("w", KindSpawnFailed)
		if want := "the symbolic link " + link + " belongs to user 54321 and is not followed"; !strings.Contains(e.Error, want) {
			t.Errorf("%s\nwithout %s", e.Error, want)
		}
	}
	s := orderScript("")
	s.Stderr.Path = link // is not used, because stderr goes to stdout
	h.spawnWorker(s)
}

// TestLinkOfRootIsFollowed: an administrator may put a log elsewhere with a link.
func TestLinkOfRootIsFollowed(t *testing.T) {
	theirs, secret := strangersTree(t)
	link := filepath.Join(theirs, "out.log")
	if err := os.Symlink(secret, link); err != nil {
		t.Fatal(err)
	}
	h := newTestKeeper(t)
	h.spawnWorker(orderScript(link))
	h.awaitLine("w", "begun")
	if text, err := os.ReadFile(secret); string(text) != "secret\nbegun\n" {
		t.Errorf("%q, %v", text, err)
	}
}
