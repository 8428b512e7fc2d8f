package bounds

import "fmt"

// NestingError reports JSON that is nested deeper than Nesting.
type NestingError struct{}

// Error implements error.
func (NestingError) Error() string {
	return fmt.Sprintf("its arrays and objects are nested more than %d deep; make it flatter, or send it as a string", Nesting)
}

// CheckNesting returns a NestingError when the arrays and objects of a JSON text
// are nested deeper than Nesting. It is the only decision about the depth of JSON.
// It allocates nothing, and expects that another reader checks the syntax: of a
// text that is no JSON it reports anything.
func CheckNesting(text []byte) error {
	if exceedsNesting(text) {
		return NestingError{}
	}
	return nil
}

// exceedsNesting reports whether a JSON text is nested deeper than Nesting.
func exceedsNesting(text []byte) bool {
	if len(text) <= Nesting {
		return false // it has not enough brackets
	}
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i = endOfString(text, i+1)
		case '[', '{':
			if depth++; depth > Nesting {
				return true
			}
		case ']', '}':
			depth--
		}
	}
	return false
}

// endOfString returns the position of the quote that ends a string whose text
// begins at the position i.
func endOfString(text []byte, i int) int {
	for i < len(text) && text[i] != '"' {
		if text[i] == '\\' {
			i++
		}
		i++
	}
	return i
}
