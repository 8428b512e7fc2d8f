package proactor

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"initiator/internal/bounds"
)

// MaxConfig is the size in bytes beyond which a document is refused. It
// leaves room for a few large values and none for a log given by mistake.
const MaxConfig = bounds.Config

// textLine is one physical line without its end.
type textLine struct {
	number int
	text   string
}

// splitLines turns bytes into lines as Python's text files do (LF, CRLF and a
// lone CR all end one). Lines that are not text become faults and are left out.
func splitLines(file string, data []byte) ([]textLine, Faults) {
	if fault := wholeFile(data); fault != nil {
		fault.File = file
		return nil, Faults{*fault}
	}
	var faults Faults
	var lines []textLine
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	for number, rest := 1, string(data); rest != ""; number++ {
		var text string
		text, rest = cutLine(rest)
		if problem, remedy := notText(text); problem != "" {
			faults = append(faults, Fault{File: file, Line: number, Problem: problem, Remedy: remedy})
			continue
		}
		lines = append(lines, textLine{number, text})
	}
	return lines, faults
}

// wholeFile finds what makes a file unreadable as a whole.
func wholeFile(data []byte) *Fault {
	switch {
	case len(data) > MaxConfig:
		return &Fault{
			Problem: fmt.Sprintf("the file has more than %d MiB", MaxConfig>>20),
			Remedy:  "an INI file of this size is most likely something else; check the path",
		}
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return &Fault{Problem: "the file is encoded as UTF-16", Remedy: "save it as UTF-8"}
	}
	return nil
}

func cutLine(s string) (line, rest string) {
	end := strings.IndexAny(s, "\r\n")
	if end < 0 {
		return s, ""
	}
	line, rest = s[:end], s[end+1:]
	if s[end] == '\r' {
		rest = strings.TrimPrefix(rest, "\n")
	}
	return line, rest
}

func notText(line string) (problem, remedy string) {
	if at := strings.IndexByte(line, 0); at >= 0 {
		return fmt.Sprintf("a NUL byte at column %d", at+1), "remove it; no value can hold one"
	}
	if at := invalidAt(line); at >= 0 {
		return fmt.Sprintf("the byte 0x%02x at column %d is not UTF-8", line[at], at+1), "save the file as UTF-8"
	}
	return "", ""
}

func invalidAt(s string) int {
	if utf8.ValidString(s) {
		return -1
	}
	for i, r := range s {
		if r != utf8.RuneError {
			continue
		}
		if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
			return i
		}
	}
	return -1
}
