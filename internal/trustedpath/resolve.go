package trustedpath

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// maxLinks is how many symbolic links a path may lead through, as in Linux.
const maxLinks = 40

// place is where a path ends: a name in an open directory.
type place struct {
	dir  int    // the caller closes it
	name string // no link when it was examined; it need not exist
	// kernelLink says that name is a link of procfs, such as /proc/self/fd/1. It
	// leads to an open file rather than to a path, and only the kernel can
	// follow it.
	kernelLink bool
}

// component is what stands at a name in a directory.
type component struct {
	dir    int    // its descriptor when it is a directory; else -1
	link   bool   // a symbolic link
	target string // of a link
	uid    uint32 // the owner of a link
	procfs bool   // a link that only the kernel can follow
}

// resolver goes through the components of one path.
type resolver struct {
	dir      int      // the directory that was reached
	walked   string   // its path, for messages
	rest     []string // components that come next, in reverse order
	links    int
	makeDirs bool // make directories that do not exist, with mode 0700
	keepLink bool // the last component is not followed

	until   func(path string) bool // ends the way early, see Reach; nil = nothing does
	reached string                 // the path for which until has reported true
}

// resolve finds the place of an absolute path.
func (r *resolver) resolve(path string) (place, error) {
	if !filepath.IsAbs(path) {
		return place{}, &fs.PathError{Op: "open", Path: path, Err: errors.New("the path is not absolute")}
	}
	r.pushPath(filepath.Clean(path))
	if err := r.returnToRoot(); err != nil {
		return place{}, err
	}
	for len(r.rest) > 0 && !r.hasReached() {
		found, done, err := r.step()
		if err != nil {
			_ = unix.Close(r.dir)
			return place{}, err
		}
		if done {
			return found, nil
		}
	}
	return place{dir: r.dir, name: "."}, nil // the path names a directory, or until holds
}

// pushPath puts the components of a path before the others.
func (r *resolver) pushPath(path string) {
	names := strings.Split(path, "/")
	for i := len(names) - 1; i >= 0; i-- {
		if names[i] != "" && names[i] != "." {
			r.rest = append(r.rest, names[i])
		}
	}
}

func (r *resolver) returnToRoot() error {
	root, err := openAt(unix.AT_FDCWD, "/", directoryFlags, 0)
	if err != nil {
		return &fs.PathError{Op: "open", Path: "/", Err: err}
	}
	if r.walked != "" {
		_ = unix.Close(r.dir)
	}
	r.dir, r.walked = root, "/"
	return nil
}

// step goes through one component. It reports done at the last component.
func (r *resolver) step() (found place, done bool, err error) {
	name := r.rest[len(r.rest)-1]
	r.rest = r.rest[:len(r.rest)-1]
	last := len(r.rest) == 0
	if last && r.keepLink {
		return place{dir: r.dir, name: name}, true, nil
	}
	c, err := look(r.dir, name)
	if errors.Is(err, unix.ENOENT) && !last && r.makeDirs {
		if err = unix.Mkdirat(r.dir, name, 0o700); err == nil || errors.Is(err, unix.EEXIST) {
			c, err = look(r.dir, name)
		}
	}
	switch {
	case errors.Is(err, unix.ENOENT) && last:
		return place{dir: r.dir, name: name}, true, nil
	case err != nil:
		return place{}, false, &fs.PathError{Op: "open", Path: filepath.Join(r.walked, name), Err: err}
	case c.link:
		found, done, err = r.follow(name, c, last)
		return found, done, err
	case c.dir >= 0:
		r.enter(name, c.dir)
		return place{}, false, nil
	case last:
		return place{dir: r.dir, name: name}, true, nil
	}
	return place{}, false, &fs.PathError{Op: "open", Path: filepath.Join(r.walked, name), Err: unix.ENOTDIR}
}

// follow goes on at the target of a link, when the link's owner is trusted.
func (r *resolver) follow(name string, c component, last bool) (found place, done bool, err error) {
	at := filepath.Join(r.walked, name)
	if !isTrusted(c.uid) {
		return place{}, false, &LinkError{Link: at, UID: int(c.uid)}
	}
	if r.links++; r.links > maxLinks {
		return place{}, false, &fs.PathError{Op: "open", Path: at, Err: unix.ELOOP}
	}
	switch {
	case c.procfs && last:
		return place{dir: r.dir, name: name, kernelLink: true}, true, nil
	case c.procfs:
		dir, err := openAt(r.dir, name, directoryFlags, 0)
		if err != nil {
			return place{}, false, &fs.PathError{Op: "open", Path: at, Err: err}
		}
		r.enter(name, dir)
		return place{}, false, nil
	}
	r.pushPath(c.target)
	if filepath.IsAbs(c.target) {
		return place{}, false, r.returnToRoot()
	}
	return place{}, false, nil
}

// enter makes a directory the directory that was reached.
func (r *resolver) enter(name string, dir int) {
	_ = unix.Close(r.dir)
	r.dir, r.walked = dir, filepath.Join(r.walked, name)
}
