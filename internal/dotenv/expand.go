package dotenv

import (
	"fmt"
	"strings"
)

// maxDepth is how deep the default of a reference may hold further references.
const maxDepth = 50

// expander replaces the references of one value.
type expander struct {
	*parser
	line  int // of the value
	depth int
}

// expand replaces $NAME, ${NAME} and the forms with an operator by the values of
// variables, and $$ by a dollar sign. A dollar sign before anything else is
// literal. Line is the line of the value.
func (p *parser) expand(value string, line int) (string, *Notice) {
	if !strings.Contains(value, "$") {
		return value, nil
	}
	// Compose compares names without regard to case, and so takes these two
	// characters for the letters k and s.
	if strings.ContainsAny(value, "\u212a\u017f") {
		return "", &Notice{Problem: `a value with a $ has the character U+212A or U+017F, which Docker Compose takes for a letter of a name`, Remedy: "write the letter k or s, or put the value in single quotation marks"}
	}
	e := &expander{parser: p, line: line}
	return e.replaceReferences(value)
}

func (e *expander) replaceReferences(text string) (string, *Notice) {
	if e.depth > maxDepth {
		return "", &Notice{Problem: "references stand within references more than 50 times", Remedy: "write fewer"}
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "$")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		value, length, fault := e.readReference(after)
		if fault != nil {
			return "", fault
		}
		b.WriteString(value)
		if b.Len() > maxValue { // references to references would grow without end
			return "", checkValue(b.String())
		}
		text = after[length:]
	}
}

// readReference returns what a dollar sign and the text after it stand for, and
// how much of the text was used.
func (e *expander) readReference(text string) (value string, length int, fault *Notice) {
	name := leadingName(text)
	switch {
	case name != "":
		// The name is not shown: this may be a password with a dollar sign in it.
		return e.valueOf(name, "a $ has a name after it that no variable has, and both are left out"), len(name), nil
	case strings.HasPrefix(text, "$"):
		return "$", 1, nil
	case !strings.HasPrefix(text, "{"):
		return "$", 0, nil
	}
	inside, ok := cutBraces(text)
	if !ok {
		return "", 0, &Notice{Problem: "a ${ is not closed in its line, or has {{ or {} in it", Remedy: "add a }, or write $$ for a dollar sign"}
	}
	value, fault = e.resolveBraced(inside)
	return value, len(inside) + len("{}"), fault
}

// cutBraces returns the text between the braces with which text begins. Inside,
// braces come in pairs. Compose counts "{{" and "{}" in its own way, so that they
// are refused.
func cutBraces(text string) (inside string, ok bool) {
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case '\n':
			return "", false
		case '{':
			depth++
			if i+1 < len(text) && (text[i+1] == '{' || text[i+1] == '}') {
				return "", false
			}
		case '}':
			if depth--; depth == 0 {
				return text[1:i], true
			}
		}
	}
	return "", false
}

// resolveBraced returns the value of NAME, or of NAME, an operator and a word. The
// colon of an operator makes an empty variable count as not set.
func (e *expander) resolveBraced(inside string) (string, *Notice) {
	name := leadingName(inside)
	if name == "" {
		return "", &Notice{Problem: "a ${ has no name after it", Remedy: "write ${NAME}, or $$ for a dollar sign"}
	}
	operator := inside[len(name):]
	if operator == "" {
		return e.valueOf(name, fmt.Sprintf("the variable %s is not set, and ${%s} is empty", name, name)), nil
	}
	word, colon := strings.CutPrefix(operator, ":")
	if word == "" || !strings.Contains("-+?", word[:1]) {
		return "", &Notice{Problem: "the name in a ${ has neither a } nor one of :- - :+ + :? ? after it", Remedy: "write ${NAME}, ${NAME:-default}, or $$ for a dollar sign"}
	}
	value, set := e.lookUpVariable(name)
	present := set && (value != "" || !colon)
	switch {
	case word[0] == '+' && present, word[0] == '-' && !present:
		return e.nested().replaceReferences(word[1:])
	case word[0] == '?' && !present:
		return "", e.missing(name, word[1:])
	case word[0] == '+':
		return value, nil // empty, as it is not present
	}
	return value, nil
}

// missing is the fault of a required variable that is not set.
func (e *expander) missing(name, message string) *Notice {
	text, fault := e.nested().replaceReferences(message)
	if fault != nil {
		return fault
	}
	problem := fmt.Sprintf("the variable %s is required and is not set", name)
	if text != "" {
		problem += fmt.Sprintf(" (%q)", text)
	}
	return &Notice{Problem: problem, Remedy: "set it before the start, or in a line above"}
}

func (e *expander) nested() *expander {
	return &expander{parser: e.parser, line: e.line, depth: e.depth + 1}
}

// valueOf returns the value of a variable. A variable that is not set is empty,
// with a warning.
func (e *expander) valueOf(name, warning string) string {
	value, ok := e.lookUpVariable(name)
	if !ok {
		e.file.Warnings = append(e.file.Warnings, Notice{Line: e.line, Problem: warning, Remedy: "set the variable, or write $$ for a dollar sign"})
	}
	return value
}

// leadingName returns the name with which text begins; "" = none.
func leadingName(text string) string {
	for i := range len(text) {
		c := text[i]
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return text[:i]
		}
	}
	return text
}
