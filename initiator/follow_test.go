package initiator

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// lines reads from a follower until it is closed.
func lines(l *follower) (<-chan string, func()) {
	out := make(chan string)
	go func() {
		defer close(out)
		for in := bufio.NewScanner(l); in.Scan(); {
			out <- in.Text()
		}
	}()
	return out, func() {
		l.Close()
		for range out {
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, got <-chan string, want ...string) {
	t.Helper()
	for _, w := range want {
		if g := <-got; g != w {
			t.Fatalf("read %q, want %q", g, w)
		}
	}
}

func TestFollowWaitsForTheFileGrowsAndRotates(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l, err := follow(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	got, end := lines(l)
	defer end()
	write(t, path, "one\n")
	expect(t, got, "one")
	write(t, path, "two\nthr")
	expect(t, got, "two")
	write(t, path, "ee\n")
	expect(t, got, "three")
	write(t, path, "the last of the old\n")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	write(t, path, "the first of the new\n")
	expect(t, got, "the last of the old", "the first of the new")
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	write(t, path, "again\n")
	expect(t, got, "again")
}

func TestFollowBeginsAtTheTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	write(t, path, "one\ntwo\nthree\n")
	l, err := follow(path, 2)
	if err != nil {
		t.Fatal(err)
	}
	got, end := lines(l)
	defer end()
	expect(t, got, "two", "three")
	write(t, path, "four\n")
	expect(t, got, "four")
}

func TestCloseEndsAReadThatWaits(t *testing.T) {
	l, err := follow(filepath.Join(t.TempDir(), "never"), 0)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		_, err := l.Read(make([]byte, 1))
		ended <- err
	}()
	l.Close()
	l.Close()
	if err := <-ended; err != io.EOF {
		t.Fatalf("Read after Close: %v, want io.EOF", err)
	}
}
