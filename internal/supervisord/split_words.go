package supervisord

import (
	"fmt"
	"strings"

	"initiator/internal/shellwords"
	"initiator/proactor"
)

// splitCommand splits a command as a POSIX shell does, without the other
// features of a shell.
func splitCommand(s string) ([]string, error) {
	line := shellwords.SplitLine(s)
	switch {
	case line.Escaped:
		return nil, invalidValue{"nothing follows the backslash at the end of the command", `write \\ for a plain one`}
	case line.Quote != 0:
		return nil, invalidValue{fmt.Sprintf("the quotation that %c begins in the command does not end", line.Quote), "close it"}
	case len(line.Words) == 0:
		return nil, invalidValue{"the command is empty", "write a program and its arguments"}
	}
	return line.Words, nil
}

// readVariables reads KEY="a, b",OTHER=c from tokens: a key, =, a value, and
// any one token between two variables.
func readVariables(s string) ([]proactor.Entry, error) { return variablesOf(s, wordChars) }

func variablesOf(s, wordChars string) ([]proactor.Entry, error) {
	tokens, err := splitTokens(s, wordChars)
	if err != nil {
		return nil, err
	}
	var all []proactor.Entry
	for i := 0; i < len(tokens); i += 4 {
		if i+2 >= len(tokens) || tokens[i+1] != "=" { // not quoted in the message: it may hold a secret
			return nil, invalidValue{fmt.Sprintf("item %d sets no variable", i/4+1), `write NAME="value",OTHER="a, b", with quotes around all but letters, digits and _/.+-():`}
		}
		all = setEntry(all, proactor.Entry{Key: tokens[i], Value: strings.Trim(tokens[i+2], `'"`), Valued: true})
	}
	return all, nil
}

// setEntry replaces the entry with the same key, or appends e.
func setEntry(entries []proactor.Entry, e proactor.Entry) []proactor.Entry {
	for i := range entries {
		if entries[i].Key == e.Key {
			entries[i] = e
			return entries
		}
	}
	return append(entries, e)
}

const wordChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/.+-():"

// splitTokens splits an environment into words, quotations with their quotes,
// and every other character by itself; # begins a comment.
func splitTokens(s, wordChars string) ([]string, error) {
	t := tokenizer{rest: []rune(s), wordChars: wordChars}
	for len(t.rest) > 0 {
		if err := t.nextToken(); err != nil {
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

func (t *tokenizer) nextToken() error {
	switch r := t.rest[0]; {
	case strings.ContainsRune(" \t\r\n", r):
		t.rest = t.rest[1:]
	case r == '#':
		t.skipComment()
	case r == '"' || r == '\'':
		return t.takeQuotation(r)
	case strings.ContainsRune(t.wordChars, r):
		t.takeWord()
	default:
		t.takeToken(1)
	}
	return nil
}

func (t *tokenizer) takeToken(n int) {
	t.tokens = append(t.tokens, string(t.rest[:n]))
	t.rest = t.rest[n:]
}

func (t *tokenizer) skipComment() {
	for len(t.rest) > 0 && t.rest[0] != '\n' {
		t.rest = t.rest[1:]
	}
	if len(t.rest) > 0 {
		t.rest = t.rest[1:]
	}
}

func (t *tokenizer) takeQuotation(quote rune) error {
	for i, r := range t.rest[1:] {
		if r == quote {
			t.takeToken(i + 2)
			return nil
		}
	}
	return invalidValue{fmt.Sprintf("a quotation that %c begins does not end", quote), "close it"}
}

// takeWord takes a word. A quote inside belongs to the word, and a comment
// inside is skipped without ending the word.
func (t *tokenizer) takeWord() {
	var word []rune
	for len(t.rest) > 0 {
		r := t.rest[0]
		if r == '#' {
			t.skipComment()
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
