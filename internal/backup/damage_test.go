package backup_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"initiator/internal/backup"
	"initiator/internal/statedir"
	"initiator/internal/testlength"
)

func zipped(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// An archive that was cut anywhere is refused, and leaves nothing behind. The zeros at
// the end of a tar file mean nothing. A normal run cuts it in 20 places.
func TestCutArchive(t *testing.T) {
	t.Parallel()
	plain := newArchive(t)
	cuts := testlength.Count(20, 60)
	for name, archive := range map[string][]byte{"tar": bytes.TrimRight(plain, "\x00"), "gzip": zipped(t, plain)} {
		for at := 2; at < len(archive); at += 1 + len(archive)/cuts {
			dir := t.TempDir()
			if _, err := backup.Restore(bytes.NewReader(archive[:at]), dir); !errors.Is(err, backup.ErrCut) {
				t.Errorf("%s cut at %d of %d: %v", name, at, len(archive), err)
			}
			if left := filesIn(t, dir); len(left) > 0 {
				t.Errorf("%s cut at %d: %d files are left", name, at, len(left))
			}
		}
		if _, err := backup.Verify(bytes.NewReader(archive)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := backup.Verify(bytes.NewReader(nil)); !errors.Is(err, backup.ErrCut) {
		t.Errorf("an empty file: %v", err)
	}
}

// A changed byte is found, or is in the padding of the tar file, where it changes
// nothing. A normal run changes 50 bytes all over the archive.
func TestChangedByte(t *testing.T) {
	t.Parallel()
	archive := newArchive(t)
	whole := t.TempDir()
	if _, err := backup.Restore(bytes.NewReader(archive), whole); err != nil {
		t.Fatal(err)
	}
	want, found := filesIn(t, whole), 0
	changes := testlength.Count(50, 150)
	for at := 0; at < len(archive); at += 1 + len(archive)/changes {
		changed := bytes.Clone(archive)
		changed[at] ^= 0x10
		dir := t.TempDir()
		if _, err := backup.Restore(bytes.NewReader(changed), dir); err != nil {
			found++
			if left := filesIn(t, dir); len(left) > 0 {
				t.Errorf("byte %d: files %v are left", at, left)
			}
			continue
		}
		got := filesIn(t, dir)
		delete(got, "backup.json")
		for name, text := range got {
			if text != want[name] {
				t.Errorf("byte %d: %s was restored with another content", at, name)
			}
		}
		if len(got) != len(want)-1 {
			t.Errorf("byte %d: %d files, want %d", at, len(got), len(want)-1)
		}
	}
	if found < changes*45/100 {
		t.Errorf("only %d changes were found", found)
	}
}

// Another file is no backup, and a name in a tar file reaches no other directory.
func TestForeignFile(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]*tar.Header{
		"path":      {Name: "../tasks.00000001.log", Typeflag: tar.TypeReg},
		"token":     {Name: "token", Typeflag: tar.TypeReg},
		"link":      {Name: "tasks.00000001.log", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink},
		"directory": {Name: "tasks.00000001.log", Typeflag: tar.TypeDir},
	} {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		if err := errors.Join(w.WriteHeader(h), w.Close()); err != nil {
			t.Fatal(err)
		}
		if _, err := backup.Verify(&b); !errors.Is(err, backup.ErrForeign) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := backup.Verify(io.LimitReader(zeros{'x'}, 5000)); !errors.Is(err, backup.ErrForeign) {
		t.Errorf("text: %v", err)
	}
}

// zeros is an endless input of one byte.
type zeros [1]byte

func (z zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = z[0]
	}
	return len(p), nil
}

// A restore replaces nothing. The token that clients know, and the lock, may stay.
func TestRestoreIntoUsedDirectory(t *testing.T) {
	t.Parallel()
	archive := newArchive(t)
	dir := t.TempDir()
	for _, name := range []string{"token", "lock"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := backup.Restore(bytes.NewReader(archive), dir); err != nil {
		t.Fatal(err)
	}
	before := filesIn(t, dir)
	if before["token"] != "token" {
		t.Errorf("the token is %q", before["token"])
	}
	var full *backup.NotEmptyError
	if _, err := backup.Restore(bytes.NewReader(archive), dir); !errors.As(err, &full) {
		t.Errorf("a second restore: %v", err)
	}
	if after := filesIn(t, dir); !maps.Equal(before, after) {
		t.Errorf("the refused restore has changed the directory to %v", after)
	}
}

// No initiator starts with a part of a backup, and another restore begins again.
func TestInterruptedRestore(t *testing.T) {
	t.Parallel()
	archive := newArchive(t)
	dir := t.TempDir()
	if _, err := backup.Restore(bytes.NewReader(archive), dir); err != nil {
		t.Fatal(err)
	}
	want := filesIn(t, dir)
	// The files were being moved to their places when the process ended.
	restoring := filepath.Join(dir, statedir.RestoringName)
	if err := errors.Join(os.Mkdir(restoring, 0o700), os.Rename(filepath.Join(dir, "backup.json"), filepath.Join(restoring, "backup.json"))); err != nil {
		t.Fatal(err)
	}
	if d, err := statedir.Open(dir, statedir.Options{Version: "test"}); err == nil {
		d.Close()
		t.Error("the directory was opened with a part of a backup")
	}
	if _, err := backup.Restore(bytes.NewReader(archive), dir); err != nil {
		t.Fatal(err)
	}
	got := filesIn(t, dir)
	delete(got, "lock")
	if !maps.Equal(got, want) {
		t.Errorf("the second restore left %v, want %v", got, want)
	}
}
