package proactor

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/go-ini/ini"
)

// pieceSize bounds how many statements go-ini is given at once: it walks a
// list for every key and section that it adds, which makes a large document
// quadratic.
const pieceSize = 256

// guard surrounds every key and value on its way through go-ini, which would
// otherwise take a leading backquote or `"""` for a quotation, "-" for a
// counter, and strip a different set of spaces than Python does.
const guard = "|"

// goINI are the options under which go-ini changes nothing that it reads.
// Its own [DEFAULT], child sections and references are never used: they
// follow other rules than Python's.
var goINI = ini.LoadOptions{
	InsensitiveKeys:         true,
	IgnoreContinuation:      true,
	IgnoreInlineComment:     true,
	AllowBooleanKeys:        true,
	PreserveSurroundedQuote: true,
	KeyValueDelimiters:      "=",
	ChildSectionDelimiter:   "\x00", // cannot occur: a NUL byte is a fault
}

// readValues has go-ini read the statements, a piece at a time, and copies
// what it read into them. Nothing of go-ini outlives the call.
func readValues(statements []*statement) error {
	for len(statements) > 0 {
		n := min(pieceSize, len(statements))
		if err := readPiece(statements[:n]); err != nil {
			return err
		}
		statements = statements[n:]
	}
	return nil
}

func readPiece(statements []*statement) error {
	file, err := ini.LoadSources(goINI, document(statements))
	if err != nil {
		return fmt.Errorf("read as INI: %w", err)
	}
	file.BlockMode = false // nobody else sees it
	for _, s := range statements {
		if err := s.take(file); err != nil {
			return err
		}
	}
	return nil
}

// document writes the statements so that go-ini reads each as one line: the
// colon as delimiter and the continuation lines have been dealt with. A colon
// or bracket in a key's name is safe behind the guard.
func document(statements []*statement) []byte {
	var b bytes.Buffer
	var section *Section
	for _, s := range statements {
		if s.section != section {
			section = s.section
			fmt.Fprintf(&b, "[%s]\n", guarded(section.Name))
		}
		b.WriteString(guarded(s.key.Name))
		if s.key.Valued {
			b.WriteString("=" + guarded(s.first))
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func guarded(s string) string { return guard + s + guard }

func unguarded(s string) string {
	return strings.TrimSuffix(strings.TrimPrefix(s, guard), guard)
}

func (s *statement) take(file *ini.File) error {
	section, err := file.GetSection(guarded(s.section.Name))
	if err != nil {
		return fmt.Errorf("read as INI: %w", err)
	}
	key, err := section.GetKey(guarded(s.key.Name))
	if err != nil {
		return fmt.Errorf("read as INI: %w", err)
	}
	if s.key.Valued {
		s.first = unguarded(key.Value())
	}
	return nil
}
