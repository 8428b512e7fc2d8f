package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"initiator/internal/spelling"
)

// explainMisuse explains why a command line cannot be read: the word that is
// wrong, what was probably meant, and how the verb is written. Cobra
// has no typed errors, so explainMisuse reads its messages; misuse_test.go
// provokes each of them.
func explainMisuse(cmd *cobra.Command, err error) *Fault {
	text, args := err.Error(), cmd.Flags().Args()
	var word, flag string
	switch {
	case scanWords(text, "unknown command %q", &word):
		return unknownVerb(cmd, word)
	case strings.HasPrefix(text, "requires "), strings.HasPrefix(text, "accepts "):
		return NewFault(ExitUsage, countMismatch(cmd, args), "write `"+cmd.CommandPath()+" "+operandsOf(cmd)+"`; "+helpHint(cmd))
	case scanWords(text, "unknown flag: --%s", &word):
		word, _, _ = strings.Cut(word, "=")
		if near, ok := spelling.Nearest(word, flagNames(cmd)); ok {
			return NewFault(ExitUsage, fmt.Errorf("--%s is not a flag: did you mean --%s?", word, near), helpHint(cmd))
		}
		return NewFault(ExitUsage, fmt.Errorf("--%s is not a flag", word), helpHint(cmd))
	case scanWords(text, "unknown shorthand flag: %s in %s", &flag, &word):
		return NewFault(ExitUsage, fmt.Errorf("%s is not a flag", word), helpHint(cmd))
	case scanWords(text, "invalid argument %q for %q flag:", &word, &flag):
		_, why, _ := strings.Cut(text, " flag: ")
		if strings.HasPrefix(why, "strconv.") {
			why = "write a whole number"
		}
		return NewFault(ExitUsage, fmt.Errorf("%s %s: %s", flag, word, why), helpHint(cmd))
	}
	return NewFault(ExitUsage, err, helpHint(cmd))
}

// scanWords reads the words of a message by a format of fmt.Sscanf.
func scanWords(text, format string, words ...*string) bool {
	into := make([]any, 0, len(words))
	for _, w := range words {
		into = append(into, w)
	}
	n, err := fmt.Sscanf(text, format, into...)
	return n == len(words) && err == nil
}

// unknownVerb returns the fault of a word that is not a verb, or that follows the
// last argument.
func unknownVerb(cmd *cobra.Command, word string) *Fault {
	if !cmd.HasAvailableSubCommands() {
		return NewFault(ExitUsage, fmt.Errorf("%q is an unexpected argument", word), helpHint(cmd))
	}
	var verbs []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			verbs = append(verbs, c.Name())
		}
	}
	if near, ok := spelling.Nearest(word, verbs); ok {
		return NewFault(ExitUsage, fmt.Errorf("%q is not a verb: did you mean %s?", word, near), helpHint(cmd))
	}
	if here, ok := verbsElsewhere[word]; ok && !cmd.HasParent() {
		return NewFault(ExitUsage, fmt.Errorf("%q is not a verb: %s", word, here), helpHint(cmd))
	}
	return NewFault(ExitUsage, fmt.Errorf("%q is not a verb", word), helpHint(cmd))
}

// verbsElsewhere says what to write in place of verbs of other programs:
// supervisorctl, systemctl, docker compose, process-compose and the shell.
var verbsElsewhere = map[string]string{
	"top":      "`initiator status` shows the workers",
	"ps":       "`initiator status` shows the workers",
	"ls":       "`initiator status` shows the workers",
	"list":     "`initiator status` shows the workers, `initiator task list` the tasks",
	"kill":     "`initiator signal KILL NAME` sends the signal, `initiator stop NAME` stops the worker",
	"down":     "`initiator shutdown` stops all workers and ends the initiator",
	"serve":    "`initiator up` starts the workers",
	"daemon":   "`initiator up` starts the workers",
	"validate": "`initiator check` reads the INI",
	"add":      "`initiator update` applies the INI to the running workers",
	"remove":   "`initiator update` applies the INI to the running workers",
	"submit":   "`initiator task submit` queues a task",
	"cancel":   "`initiator task cancel` cancels a task",
	"wait":     "`initiator task wait` waits for a task",
}

// countMismatch names the missing operand, or the first superfluous argument.
func countMismatch(cmd *cobra.Command, args []string) error {
	var needed []string
	all := strings.Fields(operandsOf(cmd))
	for _, operand := range all {
		if !strings.HasPrefix(operand, "[") {
			needed = append(needed, operand)
		}
	}
	switch {
	case len(args) < len(needed):
		return fmt.Errorf("%s is missing", needed[len(args)])
	case len(args) > len(all) && len(all) > 0:
		return fmt.Errorf("%q is an unexpected argument", args[len(all)])
	}
	return errors.New("the arguments do not match the usage")
}

// operandsOf returns the operands in the usage line of a command.
func operandsOf(cmd *cobra.Command) string {
	_, rest, _ := strings.Cut(cmd.Use, " ")
	return rest
}

// helpHint returns the next step that names the right help page.
func helpHint(cmd *cobra.Command) string {
	switch {
	case !cmd.HasParent():
		return "`initiator --help` lists the verbs, `initiator VERB --help` the flags of a verb"
	case cmd.HasAvailableSubCommands():
		return "`" + cmd.CommandPath() + " --help` lists its verbs"
	}
	return "`" + cmd.CommandPath() + " --help` explains its arguments and flags"
}

// flagNames returns the names of all flags of a command.
func flagNames(cmd *cobra.Command) (names []string) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}
