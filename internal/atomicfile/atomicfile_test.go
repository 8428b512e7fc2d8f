package atomicfile

import (
	"os"
	"path/filepath"
	"testing"
)

func TestReplace(t *testing.T) {
	t.Parallel()
	for name, replace := range map[string]func(*os.Root, string, []byte) error{"fast": Replace, "durable": ReplaceDurably} {
		path := filepath.Join(t.TempDir(), "file")
		dir := openRoot(t, filepath.Dir(path))
		for _, text := range []string{"a long first content", "second"} {
			if err := replace(dir, "file", []byte(text)); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got, err := os.ReadFile(path)
			if err != nil || string(got) != text {
				t.Errorf("%s: the file has %q, %v; want %q", name, got, err, text)
			}
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", name, info.Mode(), err)
		}
		onlyFile(t, filepath.Dir(path), "file")
	}
}

// A failed replacement must leave the old content and no temporary file.
func TestReplaceFails(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "directory")
	if err := os.MkdirAll(filepath.Join(path, "inside"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Replace(openRoot(t, filepath.Dir(path)), "directory", []byte("text")); err == nil {
		t.Error("a directory was replaced")
	}
	onlyFile(t, filepath.Dir(path), "directory")
}

func onlyFile(t *testing.T, dir, name string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != name {
		t.Errorf("%s has %v, %v; want only %s", dir, entries, err, name)
	}
}

// A link at the place of the file or of the temporary file is replaced, and what it
// leads to stays as it is.
func TestReplaceFollowsNoLink(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	for _, name := range []string{"file", "file.new"} {
		if err := os.Symlink("victim", filepath.Join(path, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(path, "victim"), []byte("untouched"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Replace(openRoot(t, path), "file", []byte("text")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"file": "text", "victim": "untouched"} {
		if got, err := os.ReadFile(filepath.Join(path, name)); err != nil || string(got) != want {
			t.Errorf("%s has %q, %v", name, got, err)
		}
	}
}

func openRoot(t *testing.T, path string) *os.Root {
	t.Helper()
	dir, err := os.OpenRoot(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dir.Close() })
	return dir
}
