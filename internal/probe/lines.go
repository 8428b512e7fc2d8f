package probe

import (
	"regexp"
	"strings"
)

// Lines finds the output line that means "ready" (ready = line). It compiles
// each pattern once. The zero value is ready to use; one goroutine owns it.
type Lines struct {
	patterns map[string]*regexp.Regexp
}

// Match returns the first line that matches the pattern, which does not see a
// carriage return at the end of the line. A pattern that does not compile matches
// nothing; the plan has refused it already.
func (l *Lines) Match(pattern string, lines []string) (line string, found bool) {
	re, known := l.patterns[pattern]
	if !known {
		if l.patterns == nil {
			l.patterns = map[string]*regexp.Regexp{}
		}
		re, _ = regexp.Compile(pattern)
		l.patterns[pattern] = re
	}
	for _, line := range lines {
		if line = strings.TrimSuffix(line, "\r"); re != nil && re.MatchString(line) {
			return line, true
		}
	}
	return "", false
}
