package ownership

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWeaknesses(t *testing.T) {
	t.Parallel()
	const me, mine, stranger = 1000, 1000, 54_321
	for _, c := range []struct {
		facts Facts
		want  string
	}{
		{Facts{UID: me, GID: mine, Mode: 0o755}, ""},
		{Facts{UID: me, GID: mine, Mode: 0o775}, ""},
		{Facts{UID: 0, GID: 0, Mode: 0o775}, ""},
		{Facts{UID: 0, GID: 0, Mode: fs.ModeDir | fs.ModeSticky | 0o777}, ""},
		{Facts{UID: 0, GID: 0, Mode: fs.ModeSticky | 0o777}, "can be written by every user (mode 0777)"},
		{Facts{UID: 0, GID: 0, Mode: fs.ModeDir | 0o777}, "can be written by every user (mode 0777)"},
		{Facts{UID: me, GID: 50, Mode: fs.ModeDir | 0o775}, "can be written by group 50 (mode 0775)"},
		{Facts{UID: me, GID: mine, Mode: 0o757}, "can be written by every user (mode 0757)"},
		{Facts{UID: stranger, GID: mine, Mode: 0o700}, "belongs to user 54321"},
		{Facts{UID: stranger, GID: mine, Mode: 0o702}, "belongs to user 54321; can be written by every user (mode 0702)"},
		{Facts{UID: stranger, GID: mine, Mode: fs.ModeDir | fs.ModeSticky | 0o777}, "belongs to user 54321"},
	} {
		var got []string
		for _, w := range c.facts.findWeaknesses(me, mine) {
			got = append(got, w.Why)
		}
		if text := strings.Join(got, "; "); text != c.want {
			t.Errorf("%+v: %q, want %q", c.facts, text, c.want)
		}
	}
}

func TestCheckPath(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "above", "file")
	if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := CheckPath(file); err != nil {
		t.Errorf("a private file: %v", err)
	}
	for _, path := range []string{file, filepath.Dir(file)} {
		before, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, 0o707); err != nil {
			t.Fatal(err)
		}
		if err := CheckPath(file); err == nil || !strings.Contains(err.Error(), path+" can be written by every user") {
			t.Errorf("%s with 0707: %v", path, err)
		}
		if err := os.Chmod(path, before.Mode()); err != nil {
			t.Fatal(err)
		}
		if os.Geteuid() == 0 {
			if err := os.Chown(path, 65534, 65534); err != nil {
				t.Fatal(err)
			}
			if err := CheckPath(file); err == nil || !strings.Contains(err.Error(), path+" belongs to user 65534") {
				t.Errorf("%s of user 65534: %v", path, err)
			}
			if err := os.Chown(path, 0, 0); err != nil {
				t.Fatal(err)
			}
		}
	}
}
