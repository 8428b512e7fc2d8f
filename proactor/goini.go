package proactor

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-ini/ini"
)

// batchSize bounds the number of keys that go-ini reads at once: go-ini walks a
// list for every key that it adds, which makes a large document quadratic.
const batchSize = 256

// goINIOptions are the options under which go-ini changes nothing that it
// reads. The [DEFAULT] section, the child sections and the references of go-ini
// are not used, because their rules differ from Python's.
var goINIOptions = ini.LoadOptions{
	IgnoreContinuation:      true,
	IgnoreInlineComment:     true,
	AllowBooleanKeys:        true,
	PreserveSurroundedQuote: true,
	KeyValueDelimiters:      "=:",
	ChildSectionDelimiter:   "\x00",
}

// The escapes carry the characters of a statement past go-ini that go-ini would
// act on: the end of a line, and the quotation marks that it removes. A NUL
// byte cannot occur in a statement, since splitLines refuses it.
var (
	escapeStatement   = strings.NewReplacer("\n", "\x00n", "`", "\x00b", `"`, "\x00q")
	unescapeStatement = strings.NewReplacer("\x00n", "\n", "\x00b", "`", "\x00q", `"`)
)

// readStatements lets go-ini read the statements and stores each key and value
// in its statement. go-ini is the only source of keys and values.
func readStatements(statements []*statement) error {
	for len(statements) > 0 {
		n := min(batchSize, len(statements))
		if err := readBatch(statements[:n]); err != nil {
			return fmt.Errorf("read the keys with go-ini: %w", err)
		}
		statements = statements[n:]
	}
	return nil
}

func readBatch(batch []*statement) error {
	file, err := ini.LoadSources(goINIOptions, formatBatch(batch))
	if err != nil {
		return err
	}
	file.BlockMode = false // no other goroutine uses it
	keys := file.Section("").Keys()
	if len(keys) != len(batch) {
		return fmt.Errorf("it found %d keys in %d lines", len(keys), len(batch))
	}
	for i, s := range batch {
		if err := s.storeKey(i, keys[i]); err != nil {
			return err
		}
	}
	return nil
}

// formatBatch writes one line for each statement. The index at the start of the
// line makes each key unique, and keeps go-ini from taking the start of a key
// for a quotation, for "-" (its counter) or for a comment.
func formatBatch(batch []*statement) []byte {
	var b bytes.Buffer
	for i, s := range batch {
		b.WriteString(indexMark(i))
		_, _ = escapeStatement.WriteString(&b, strings.Join(s.lines, "\n"))
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func indexMark(i int) string { return strconv.Itoa(i) + "|" }

// storeKey stores what go-ini has read of the statement. It removes the white
// space that Python strips and go-ini does not.
func (s *statement) storeKey(i int, key *ini.Key) error {
	name, ours := strings.CutPrefix(key.Name(), indexMark(i))
	if !ours {
		return fmt.Errorf("it read the key %q in place of number %d", key.Name(), i)
	}
	s.key.Name = lower(trimRight(unescapeStatement.Replace(name)))
	if s.key.Valued {
		value := strings.TrimLeftFunc(key.Value(), isSpace)
		s.key.Raw = trimRight(unescapeStatement.Replace(value))
	}
	return nil
}
