package supervisord

import (
	"fmt"
	"slices"
	"strings"

	"initiator/internal/spelling"
)

// invalidValue says what is wrong with a value, and what would be right.
type invalidValue struct{ problem, remedy string }

func (w invalidValue) Error() string { return w.problem + "; " + w.remedy }

// expandReferences resolves the references of a value as Python's % operator
// does with a dictionary. A %s without a name would print the whole dictionary
// there, with the environment in it; no user wants that, and it is refused.
func expandReferences(s string, n names) (string, error) {
	var b strings.Builder
	for {
		at := strings.IndexByte(s, '%')
		if at < 0 {
			b.WriteString(s)
			return b.String(), nil
		}
		b.WriteString(s[:at])
		text, rest, err := expandReference(s[at:], n)
		if err != nil {
			return "", err
		}
		b.WriteString(text)
		s = rest
	}
}

// expandReference resolves the reference that s begins with.
func expandReference(s string, n names) (text, rest string, err error) {
	if rest = s[1:]; strings.HasPrefix(rest, "%") {
		return "%", rest[1:], nil
	}
	var value any
	named := strings.HasPrefix(rest, "(")
	if named {
		var name string
		if name, rest, err = nameOf(rest); err != nil {
			return "", "", err
		}
		known := false
		if value, known = n.findName(name); !known {
			return "", "", unknownName(name, n)
		}
	}
	f, rest, ok := readFormat(rest)
	switch {
	case !ok:
		return "", "", invalidValue{fmt.Sprintf("%q is not a reference", shorten(s)), "write %(name)s, and %% for a plain %"}
	case !named:
		return "", "", invalidValue{fmt.Sprintf("%q is not a reference", s[:len(s)-len(rest)]), "write %% for a plain %"}
	}
	text, err = f.formatValue(value)
	return text, rest, err
}

// shorten keeps the rest of s out of messages: it may be part of a secret.
func shorten(s string) string {
	r := []rune(s)
	return string(r[:min(len(r), 2)])
}

// nameOf cuts "(name)"; parentheses in a name are counted.
func nameOf(s string) (name, rest string, err error) {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth == 0 {
			return s[1:i], s[i+1:], nil
		}
	}
	return "", "", invalidValue{`the bracket of a "%(" does not close`, "write %(name)s"}
}

func unknownName(name string, n names) error {
	problem := fmt.Sprintf("%%(%s)s is not a reference that is known here", name)
	if variable, ok := strings.CutPrefix(name, "ENV_"); ok {
		return invalidValue{fmt.Sprintf("the environment variable %s is not set", variable), "set it before the start"}
	}
	words := n.ownNames()
	if near, ok := spelling.Nearest(name, words); ok {
		return invalidValue{problem, fmt.Sprintf("did you mean %%(%s)s?", near)}
	}
	slices.Sort(words)
	return invalidValue{problem, "write one of " + strings.Join(words, ", ") + ", or ENV_ and the name of a variable"}
}
