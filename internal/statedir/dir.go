package statedir

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"

	"initiator/internal/queue/store"
	"initiator/internal/stateclaim"
)

// Dir is the state directory of one running initiator. Open makes it. It is used by
// its open descriptor: when another directory takes its path, nothing in that
// directory is read, written or removed. Any goroutine may call its methods, except
// Open's and Close's, which no other call may overlap.
type Dir struct {
	path     string
	version  string // of the program, for the files that it writes
	root     *os.Root
	handle   *os.File // the directory itself
	claim    *stateclaim.Claim
	owner    int      // the user to whom the files belong
	group    int      // the group of new files, where owner is not this process's user
	warnings []string // see Warnings
	unsafe   string   // see Unsafe
	shared   bool     // another user can change the directory, and that is allowed

	mu     sync.Mutex
	lock   *os.File
	passed bool              // PassLock was called
	files  map[string][]byte // the newest content of each small file
}

// Options say how Open opens a directory. The zero value is valid.
type Options struct {
	// Version is the version of this program, which is noted in every file that it
	// writes.
	Version string
	// Inherited is the lock that an earlier program of this process has passed on;
	// nil = there is none.
	Inherited *os.File
	// AllowUnsafe uses a directory that another user can change.
	AllowUnsafe bool
}

// LockPath is the path of the lock inside a state directory.
func LockPath(dir string) string { return filepath.Join(dir, lockName) }

// Open makes the directory where it does not exist, and takes its lock and the claim
// on its path. The kernel holds both and releases them when the process ends,
// however that happens. A directory that another user can change is made private,
// or a directory in it is used, or it is refused; see ensurePrivate. The error is a
// *StillRunsError when the initiator of a directory that is gone still runs.
func Open(path string, o Options) (*Dir, error) {
	path = Locate(path)
	claim, holder := stateclaim.Take(path)
	if holder != 0 && o.Inherited == nil && !isLocked(path) {
		return nil, &StillRunsError{Path: path, PID: holder}
	}
	d := &Dir{path: path, version: o.Version, claim: claim, lock: o.Inherited, owner: os.Geteuid(), files: map[string][]byte{}}
	err := d.makeDirectory()
	if err == nil {
		err = d.ensurePrivate(o.AllowUnsafe)
	}
	if err == nil {
		err = d.start()
	}
	if err == nil {
		err = d.checkRestoring()
	}
	if err != nil {
		if o.Inherited != nil {
			d.lock = nil // it stays for the previous program
		}
		d.Close()
		return nil, err
	}
	return d, nil
}

// OpenStopped opens the directory of an initiator that does not run, and takes its
// lock. Nothing but the lock is made. When root opens the directory of another user,
// new files belong to that user. The error wraps fs.ErrNotExist when there is no
// directory.
func OpenStopped(path, version string) (*Dir, error) {
	d := &Dir{path: Locate(path), version: version, owner: os.Geteuid(), files: map[string][]byte{}}
	err := d.openRoot(d.path)
	if err == nil {
		err = d.adoptOwner()
	}
	if err == nil {
		err = d.start()
	}
	if err == nil {
		err = d.checkRestoring()
	}
	if err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// makeDirectory opens the directory, and makes it where it does not exist.
func (d *Dir) makeDirectory() error {
	if d.lock == nil {
		if err := os.MkdirAll(d.path, 0o700); err != nil {
			return fmt.Errorf("make the state directory: %w; set state_dir in [initiator] to a place that can be written", err)
		}
	}
	return d.openRoot(d.path)
}

// openRoot opens the directory at path in place of the open one.
func (d *Dir) openRoot(path string) error {
	root, err := os.OpenRoot(path)
	if err != nil {
		return fmt.Errorf("open the state directory: %w; set state_dir in [initiator] to a place that can be used", err)
	}
	handle, err := root.Open(".")
	if err != nil {
		return errors.Join(fmt.Errorf("open the state directory: %w", err), root.Close())
	}
	d.closeRoot()
	d.path, d.root, d.handle = path, root, handle
	return nil
}

func (d *Dir) closeRoot() {
	if d.root != nil {
		_ = errors.Join(d.handle.Close(), d.root.Close()) // nothing was written to a directory
	}
}

// start checks the files of the open directory and takes its lock, unless the lock
// was passed on.
func (d *Dir) start() error {
	if err := d.checkEntries(); err != nil {
		return err
	}
	if d.lock == nil {
		if err := d.takeLock(); err != nil {
			return err
		}
	} else {
		writePID(d.lock) // after a crash the fallback process is another process
	}
	_ = unix.Flock(int(d.handle.Fd()), unix.LOCK_SH|unix.LOCK_NB) // systemd-tmpfiles spares a locked directory; nothing else needs it
	return nil
}

// Path is the directory's path: the path that Open got, or a directory in it.
func (d *Dir) Path() string { return d.path }

// Warnings say what Open has changed, for a person.
func (d *Dir) Warnings() []string { return d.warnings }

// Unsafe says why another user can change the directory; "" = no other user can, or
// Options.AllowUnsafe was not needed.
func (d *Dir) Unsafe() string { return d.unsafe }

// ListenClaim returns a listener over which clients of the same user reach the
// initiator when its socket is gone. It returns nil where there is none. The caller
// closes it, which releases the claim.
func (d *Dir) ListenClaim() (net.Listener, error) { return d.claim.Listen() }

// Close releases the lock and the claim. A child process that has a copy of the
// lock's descriptor between fork and exec does not keep it.
func (d *Dir) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.claim.Close()
	if d.lock != nil {
		if !d.passed {
			_ = unix.Flock(int(d.lock.Fd()), unix.LOCK_UN) // closing is the fallback
		}
		_ = d.lock.Close() // nothing is left to write
	}
	d.closeRoot()
}

// Check returns a *store.GoneError when the path does not lead to the open directory
// any more. It returns nil when that is unknown, such as without permission to look.
func (d *Dir) Check() error {
	own, err := d.handle.Stat()
	at, err2 := os.Stat(d.path)
	switch {
	case errors.Is(err, unix.ESTALE):
		return d.goneError("was removed on the file server")
	case errors.Is(err2, fs.ErrNotExist) || errors.Is(err2, unix.ENOTDIR) || errors.Is(err2, unix.ELOOP):
		return d.goneError("was removed or renamed")
	case err == nil && err2 == nil && !os.SameFile(own, at):
		return d.goneError("was replaced by another directory")
	}
	return nil
}

func (d *Dir) goneError(problem string) error {
	return &store.GoneError{What: "the state directory", Path: d.path, Problem: problem}
}

// TaskFiles is the directory as the queue uses it, until Close.
func (d *Dir) TaskFiles() store.Dir {
	return &store.OpenDir{Root: d.root, Path: d.path, Check: d.Check, Chown: d.chownNew}
}
