package trustedpath

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// FuzzPath: where every link is trusted, a path leads to the file to which the
// kernel follows it, and is refused where the kernel refuses it.
func FuzzPath(f *testing.F) {
	for _, path := range []string{"file", "dir/../file", "link", "up/file", "loop", "absolute/dir/file", "./dir//file", "dir/up/up/file", "missing/../file", "dangling", "file/x", "..", "link/", "dir"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if len(path) > 200 || strings.ContainsRune(path, 0) {
			return
		}
		root := t.TempDir()
		for _, err := range []error{
			os.Mkdir(root+"/dir", 0o700), os.WriteFile(root+"/file", nil, 0o600), os.WriteFile(root+"/dir/file", nil, 0o600),
			os.Symlink("file", root+"/link"), os.Symlink("..", root+"/dir/up"), os.Symlink("dir/..", root+"/up"),
			os.Symlink("loop", root+"/loop"), os.Symlink(root, root+"/absolute"), os.Symlink("nothing", root+"/dangling"),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		full := root + "/" + path
		if clean := filepath.Clean(full); clean != full && !strings.HasPrefix(clean, root) {
			return // outside the tree there are links of others, and files that change
		}
		full = filepath.Clean(full) // a plan's paths are clean
		var want, got unix.Stat_t
		fd, wantErr := unix.Open(full, checkFlags, 0)
		if wantErr == nil {
			wantErr = errors.Join(unix.Fstat(fd, &want), unix.Close(fd))
		}
		r := resolver{}
		at, gotErr := r.resolve(full)
		if gotErr == nil {
			fd, _, gotErr = at.open(checkFlags, 0, full)
			_ = unix.Close(at.dir)
		}
		if gotErr == nil {
			gotErr = errors.Join(unix.Fstat(fd, &got), unix.Close(fd))
		}
		if (wantErr == nil) != (gotErr == nil) || want.Ino != got.Ino {
			t.Errorf("%q: %v and %d, want %v and %d", path, gotErr, got.Ino, wantErr, want.Ino)
		}
	})
}
