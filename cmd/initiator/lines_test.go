package main

import (
	"bufio"
	"io"
	"strings"
	"testing"
	"time"
)

// linesOf sends the lines of a stream, with their newlines, until it ends.
func linesOf(from io.ReadCloser) <-chan string {
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		defer from.Close()
		for in := bufio.NewReader(from); ; {
			line, err := in.ReadString('\n')
			if line != "" {
				lines <- line
			}
			if err != nil {
				return
			}
		}
	}()
	return lines
}

// expectLine reads lines up to the first that meant accepts, and returns all of
// them.
func expectLine(t *testing.T, what string, lines <-chan string, meant func(string) bool) (all string) {
	t.Helper()
	enough := time.NewTimer(testTimeout)
	defer enough.Stop()
	for {
		select {
		case line, ok := <-lines:
			all += line
			if ok && meant(line) {
				return all
			}
			if !ok {
				t.Fatalf("it ended without %q; the output is:\n%s", what, all)
			}
		case <-enough.C:
			t.Fatalf("no %q within %v; the output is:\n%s", what, testTimeout, all)
		}
	}
}

// awaitLine reads lines up to the first with that text.
func awaitLine(t *testing.T, lines <-chan string, text string) (all string) {
	t.Helper()
	return expectLine(t, text, lines, func(line string) bool { return strings.Contains(line, text) })
}
