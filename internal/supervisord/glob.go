package supervisord

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// globFiles returns the files that match a pattern, sorted. The rules are
// Python's: names that begin with a dot need a dot in the pattern, [!x]
// negates, a bracket that does not close means itself, and there is no escape.
func globFiles(pattern string) []string {
	at := []string{""}
	if strings.HasPrefix(pattern, "/") {
		at = []string{"/"}
	}
	parts := strings.FieldsFunc(pattern, func(r rune) bool { return r == '/' })
	for _, part := range parts {
		at = globPart(at, part)
	}
	if strings.HasSuffix(pattern, "/") || len(parts) == 0 {
		return nil // a directory cannot be included
	}
	slices.Sort(at)
	return at
}

func globPart(dirs []string, part string) (found []string) {
	for _, dir := range dirs {
		if !strings.ContainsAny(part, "*?[") {
			if _, err := os.Lstat(filepath.Join(dir, part)); err == nil {
				found = append(found, joinPath(dir, part))
			}
			continue
		}
		found = append(found, matchNames(dir, part)...)
	}
	return found
}

func matchNames(dir, part string) (found []string) {
	re := compilePattern(part)
	look := dir
	if look == "" {
		look = "."
	}
	entries, err := os.ReadDir(look)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		hidden := strings.HasPrefix(e.Name(), ".") && !strings.HasPrefix(part, ".")
		if !hidden && re.MatchString(e.Name()) {
			found = append(found, joinPath(dir, e.Name()))
		}
	}
	return found
}

// joinPath keeps "." and "..", as os.path.join does.
func joinPath(dir, name string) string {
	if dir == "" || strings.HasSuffix(dir, "/") {
		return dir + name
	}
	return dir + "/" + name
}

// compilePattern compiles a pattern for one name to a regular expression.
func compilePattern(part string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	for i := 0; i < len(part); i++ {
		switch part[i] {
		case '*':
			b.WriteString(".*")
		case '?':
			b.WriteString(".")
		case '[':
			set, end := translateSet(part, i)
			b.WriteString(set)
			i = end
		default:
			j := i + 1
			for j < len(part) && !strings.ContainsRune("*?[", rune(part[j])) {
				j++
			}
			b.WriteString(regexp.QuoteMeta(part[i:j]))
			i = j - 1
		}
	}
	b.WriteString(`\z`)
	re, err := regexp.Compile(b.String())
	if err != nil { // a set such as [z-a], which matches nothing
		return regexp.MustCompile(`[^\s\S]`)
	}
	return re
}

// translateSet translates the set that begins at i, and returns its end.
func translateSet(part string, i int) (set string, end int) {
	j := i + 1
	if j < len(part) && part[j] == '!' {
		j++
	}
	if j < len(part) && part[j] == ']' {
		j++
	}
	for j < len(part) && part[j] != ']' {
		j++
	}
	if j >= len(part) {
		return `\[`, i
	}
	inner := strings.NewReplacer(`\`, `\\`, `[`, `\[`, `&`, `\&`, `~`, `\~`).Replace(part[i+1 : j])
	switch {
	case strings.HasPrefix(inner, "!"):
		inner = "^" + inner[1:]
	case strings.HasPrefix(inner, "^"):
		inner = `\` + inner
	}
	if rest, ok := strings.CutPrefix(inner, "]"); ok {
		inner = `\]` + rest
	} else if rest, ok := strings.CutPrefix(inner, "^]"); ok {
		inner = `^\]` + rest
	}
	return "[" + inner + "]", j
}
