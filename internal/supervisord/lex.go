package supervisord

import (
	"fmt"
	"strings"

	"initiator/internal/shellwords"
	"initiator/proactor"
)

// words cuts a command as a POSIX shell does, without anything else of one.
func words(s string) ([]string, error) {
	line := shellwords.Split(s)
	switch {
	case line.Escaped:
		return nil, wrong{"nothing follows the backslash at the end of the command", `write \\ for a plain one`}
	case line.Quote != 0:
		return nil, wrong{fmt.Sprintf("the quotation that %c begins in the command does not end", line.Quote), "close it"}
	case len(line.Words) == 0:
		return nil, wrong{"the command is empty", "write a program and its arguments"}
	}
	return line.Words, nil
}

// variables reads KEY="a, b",OTHER=c from tokens: a key, =, a value, and one
// token between two of them, whatever it is.
func variables(s string) ([]proactor.Entry, error) { return variablesOf(s, wordChars) }

func variablesOf(s, wordChars string) ([]proactor.Entry, error) {
	tokens, err := tokens(s, wordChars)
	if err != nil {
		return nil, err
	}
	var all []proactor.Entry
	for i := 0; i < len(tokens); i += 4 {
		if i+2 >= len(tokens) || tokens[i+1] != "=" { // not quoted: it may hold a secret
			return nil, wrong{fmt.Sprintf("item %d sets no variable", i/4+1), `write NAME="value",OTHER="a, b", with quotes around all but letters, digits and _/.+-():`}
		}
		all = lay(all, proactor.Entry{Key: tokens[i], Value: strings.Trim(tokens[i+2], `'"`), Valued: true})
	}
	return all, nil
}

// lay puts an entry in place of the one of its name, or behind the others.
func lay(entries []proactor.Entry, e proactor.Entry) []proactor.Entry {
	for i := range entries {
		if entries[i].Key == e.Key {
			entries[i] = e
			return entries
		}
	}
	return append(entries, e)
}

const wordChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/.+-():"

// tokens cuts an environment: words, quotations with their quotes kept, and
// every other character by itself; # begins a comment.
func tokens(s, wordChars string) ([]string, error) {
	t := tokenizer{rest: []rune(s), wordChars: wordChars}
	for len(t.rest) > 0 {
		if err := t.next(); err != nil {
			return nil, err
		}
	}
	return t.tokens, nil
}

type tokenizer struct {
	rest      []rune
	tokens    []string
	wordChars string
}

func (t *tokenizer) next() error {
	switch r := t.rest[0]; {
	case strings.ContainsRune(" \t\r\n", r):
		t.rest = t.rest[1:]
	case r == '#':
		t.comment()
	case r == '"' || r == '\'':
		return t.quotation(r)
	case strings.ContainsRune(t.wordChars, r):
		t.word()
	default:
		t.take(1)
	}
	return nil
}

func (t *tokenizer) take(n int) {
	t.tokens = append(t.tokens, string(t.rest[:n]))
	t.rest = t.rest[n:]
}

func (t *tokenizer) comment() {
	for len(t.rest) > 0 && t.rest[0] != '\n' {
		t.rest = t.rest[1:]
	}
	if len(t.rest) > 0 {
		t.rest = t.rest[1:]
	}
}

func (t *tokenizer) quotation(quote rune) error {
	for i, r := range t.rest[1:] {
		if r == quote {
			t.take(i + 2)
			return nil
		}
	}
	return wrong{fmt.Sprintf("a quotation that %c begins does not end", quote), "close it"}
}

// word takes a word; a quote inside is a character of it, and a comment is
// passed over without ending it.
func (t *tokenizer) word() {
	var word []rune
	for len(t.rest) > 0 {
		r := t.rest[0]
		if r == '#' {
			t.comment()
			continue
		}
		if !strings.ContainsRune(t.wordChars+`'"`, r) {
			break
		}
		word = append(word, r)
		t.rest = t.rest[1:]
	}
	t.tokens = append(t.tokens, string(word))
}
