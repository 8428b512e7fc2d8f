package dotenv

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// readValue reads a value and what belongs to its line. On a fault it skips to
// the next line, or beyond the closing quotation mark.
func (p *parser) readValue() (string, *Notice) {
	if p.rest != "" && (p.rest[0] == '\'' || p.rest[0] == '"') {
		return p.readQuoted(p.rest[0])
	}
	line, number := firstLine(p.rest), p.line
	p.skip(min(len(line)+1, len(p.rest)))
	value, _, _ := strings.Cut(line, " #") // the mark of a comment needs a space before it
	return p.expand(strings.TrimRightFunc(value, unicode.IsSpace), number)
}

// readQuoted reads a value in quotation marks, which may have several lines.
// Between single quotation marks everything but an escaped quotation mark is
// literal.
func (p *parser) readQuoted(quote byte) (string, *Notice) {
	number := p.line
	content, length := cutQuoted(p.rest, quote)
	if length < 0 {
		p.skip(len(firstLine(p.rest)))
		return "", &Notice{Problem: fmt.Sprintf("the quotation that %c begins does not end", quote), Remedy: fmt.Sprintf("add a %c", quote)}
	}
	p.skip(length)
	if fault := p.skipComment(quote); fault != nil {
		return "", fault
	}
	if quote == '\'' {
		return content, nil
	}
	content, fault := unescape(content)
	if fault != nil {
		return "", fault
	}
	return p.expand(content, number)
}

// cutQuoted returns the content of the quotation with which text begins, and the
// length of the quotation with its marks; -1 = it does not end. A backslash before
// a quotation mark is removed, every other backslash stays.
func cutQuoted(text string, quote byte) (content string, length int) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == quote:
			return b.String(), i + 1
		case text[i] == '\\' && i+1 < len(text) && text[i+1] == quote:
			i++
			b.WriteByte(quote)
		case text[i] == '\\' && i+1 < len(text):
			b.WriteString(text[i : i+2])
			i++
		default:
			b.WriteByte(text[i])
		}
	}
	return "", -1
}

// skipComment skips the rest of a line after a quotation. Compose takes text there
// for the name of another variable; such a line is refused.
func (p *parser) skipComment(quote byte) *Notice {
	line := firstLine(p.rest)
	p.skip(len(line))
	if after := strings.TrimLeftFunc(line, unicode.IsSpace); after != "" && after[0] != '#' {
		return &Notice{Problem: fmt.Sprintf("there is text after the closing %c", quote), Remedy: fmt.Sprintf(`write \%c for a quotation mark in the value, and # before a comment`, quote)}
	}
	return nil
}

// escapes are the letters after a backslash that stand for one character between
// double quotation marks. A backslash before a dollar sign makes it literal, which
// expand knows as $$.
var escapes = map[byte]string{
	'a': "\a", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t", 'v': "\v", '\\': `\`, '"': `"`, '$': "$$",
}

// unescape replaces the escapes of a value between double quotation marks. A
// backslash before another character stays.
func unescape(text string) (string, *Notice) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		next := text[i+1]
		switch replacement, known := escapes[next]; {
		case known:
			b.WriteString(replacement)
			i++
		case next == '0':
			r, ok := octalRune(text[i+2:])
			if !ok {
				return "", &Notice{Problem: `an escape \0 has no three octal digits up to 377 after it`, Remedy: `write \0101 for an A, or \\0 for a backslash and a zero`}
			}
			b.WriteRune(r)
			i += len(`\0`) + octalDigits - 1
		default:
			b.WriteByte('\\')
		}
	}
	return b.String(), nil
}

// octalDigits is how many digits an octal escape has after \0.
const octalDigits = 3

func octalRune(text string) (rune, bool) {
	if len(text) < octalDigits {
		return 0, false
	}
	n, err := strconv.ParseUint(text[:octalDigits], 8, 8)
	return rune(n), err == nil
}
