package plan

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"initiator/internal/shellwords"
)

// shellSyntax is one kind of word that has a meaning for a shell and none here.
type shellSyntax struct {
	pattern *regexp.Regexp
	remedy  string
}

// shellSyntaxes are looked for in this order. Patterns for file names are not among
// them: programs have arguments such as * of their own.
var shellSyntaxes = sync.OnceValue(func() []shellSyntax {
	return []shellSyntax{
		{regexp.MustCompile(`^(\||\|\||\|&|&&|;|;;|<|<<|<<<)$|^.+;$|\$\(|` + "`"), "run it with sh -c 'COMMAND'"},
		{regexp.MustCompile(`^&$`), "remove it: the initiator itself runs the program in the background"},
		{regexp.MustCompile(`^([0-9]*|&)>>?(&[0-9-])?$|^([0-9]+|&)>>?[^=]|^>>?[^=>]`), "write stdout_logfile = PATH or redirect_stderr = true"},
		{regexp.MustCompile(`^~($|/|[a-z_][a-z0-9_-]*(/|$))`), "write the path of the directory"},
		{regexp.MustCompile(`\$(\{|[A-Za-z_])`), "write the value, or run it with sh -c 'COMMAND'"},
		{regexp.MustCompile(`^#$`), "write the comment on a line of its own"},
	}
})

// assignment matches a word that a shell takes for a variable when it stands before
// the program.
var assignment = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`) })

// shellMistake returns what a command line expects of a shell; problem is "" when it
// expects nothing.
func shellMistake(line string) (problem, remedy string) {
	bare, words := shellwords.BareWords(line), shellwords.SplitLine(line).Words
	if len(bare) > 0 && assignment().MatchString(bare[0]) {
		return "no shell runs this command: " + bare[0] + " is taken for the program", "write environment = NAME=value"
	}
	script := scriptOf(words)
	var found []string
	for _, syntax := range shellSyntaxes() {
		for i, word := range bare {
			if i == script || !syntax.pattern.MatchString(word) || slices.Contains(found, words[i]) {
				continue
			}
			if found = append(found, words[i]); remedy == "" {
				remedy = syntax.remedy
			}
		}
	}
	switch len(found) {
	case 0:
		return "", ""
	case 1:
		return fmt.Sprintf("no shell runs this command: the program gets %s as an argument", found[0]), remedy
	}
	return fmt.Sprintf("no shell runs this command: the program gets %s as arguments", strings.Join(found, " and ")), remedy
}

// scriptOf returns the place of the word that a shell runs with -c; -1 = the command
// line has none.
func scriptOf(words []string) int {
	if at := slices.Index(words, "-c"); at > 0 && slices.Contains(shells, filepath.Base(words[0])) {
		return at + 1
	}
	return -1
}

// warnShellWords warns of the keys of a section that expect something of a shell:
// command lines, and paths that begin with ~.
func warnShellWords[S any](d *draft, section string, rows []row[S]) {
	for _, r := range rows {
		if !d.isGiven(section, r.Name) {
			continue
		}
		switch value, _ := d.resolveValue(d.commands, section, r.Name); r.Type {
		case commandLine.name, probeKind.name:
			command, isCommand := strings.CutPrefix(value, "exec:")
			if r.Type == probeKind.name && !isCommand {
				continue
			}
			if problem, remedy := shellMistake(command); problem != "" {
				d.addWarningAt(section, r.Name, problem, remedy)
			}
		case path.name:
			if value == "~" || strings.HasPrefix(value, "~/") {
				d.addWarningAt(section, r.Name, "no shell reads this: ~ is taken for the name of a directory", "write the path of the home directory, or ${env:HOME}")
			}
		}
	}
}
