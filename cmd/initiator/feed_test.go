package main

import (
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// What standard input is: a task in each line, or one document.
func TestFeedOf(t *testing.T) {
	for text, want := range map[string][]string{
		"1\n2\n":           {"1", "2"},
		"\n\n1\n\n\n2":     {"1", "2"},
		"{\"a\":1}":        {`{"a":1}`},
		"1\nnot\n3\n":      {"1", "2: the line is not JSON", "3"},
		"{\n\"a\": 1\n}":   nil,
		"not\n1\n":         nil,
		"":                 nil,
		"\n \n":            nil,
		"[1,\n2]\n[3,4]\n": nil,
	} {
		many, rest, err := readTaskInput(strings.NewReader(text))
		if err != nil || (many == nil) != (want == nil) {
			t.Errorf("%q: %v, %v", text, many, err)
			continue
		}
		if many == nil {
			if whole, _ := io.ReadAll(rest); string(whole) != text {
				t.Errorf("%q became %q", text, whole)
			}
			continue
		}
		var got []string
		for it := range many.sendItems(t.Context()) {
			if it.err != nil {
				words, _, _ := strings.Cut(it.err.Error(), ": ")
				got = append(got, NumberOrDash(it.line)+": "+words)
				continue
			}
			got = append(got, string(it.data))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestTally(t *testing.T) {
	began := time.Now()
	c := taskCount{done: 7, failed: 1, running: 2, doing: "running", did: "completed", began: began}
	if got := c.progressLine(began.Add(4 * time.Second)); got != "7 completed, 1 failed, 2 running (2.0 a second)" {
		t.Error(got)
	}
	c.failed, c.running = 0, 0
	if got := c.summaryLine(began.Add(20 * time.Millisecond)); got != "7 tasks: 7 completed in 20 ms" {
		t.Error(got)
	}
}

// Text goes above the line, and the line comes back below it.
func TestMeter(t *testing.T) {
	var seen strings.Builder
	s := &Screen{w: &seen, terminal: true, file: os.Stdin}
	m := &Meter{screen: s}
	m.ShowLine("1 done")
	_ = m.ScreenAbove(s).WriteLines("hello")
	m.ShowLine("")
	if want := "1 done\r\x1b[Khello\n1 done\r\x1b[K"; seen.String() != want {
		t.Errorf("%q, want %q", seen.String(), want)
	}
	seen.Reset()
	s.terminal = false
	m.ShowLine("2 done")
	if seen.Len() > 0 {
		t.Errorf("%q, where there is no terminal", seen.String())
	}
}
