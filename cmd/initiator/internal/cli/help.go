package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"initiator/cmd/initiator/internal/terminal"
)

// helpWidth is the number of columns of a help page, on every terminal.
const helpWidth = 80

// printHelp prints the help page of a verb. Cobra breaks neither descriptions
// nor the texts of flags into lines. A template could, but text/template
// prevents the linker from leaving out unused methods.
func printHelp(cmd *cobra.Command, _ []string) {
	text := cmd.Long
	if text == "" {
		text = cmd.Short
	}
	usage := cmd.UsageString()
	for _, flags := range []*pflag.FlagSet{cmd.LocalFlags(), cmd.InheritedFlags()} {
		if long := trimEnd(flags.FlagUsages()); long != "" {
			usage = strings.Replace(usage, long, trimEnd(flags.FlagUsagesWrapped(helpWidth)), 1)
		}
	}
	_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%s\n\n%s", wrapParagraphs(text), usage) // Report returns the error of the screen
}

// trimEnd removes white space from the end of a text, as cobra does with flags.
func trimEnd(s string) string { return strings.TrimRight(s, " \n") }

// wrapParagraphs breaks paragraphs into lines of at most helpWidth columns. It
// leaves a paragraph with an indented line unchanged: such a paragraph is code.
func wrapParagraphs(text string) string {
	paragraphs := strings.Split(strings.TrimSpace(text), "\n\n")
	for i, p := range paragraphs {
		if strings.HasPrefix(p, "\t") || strings.Contains(p, "\n\t") || strings.Contains(p, "\n ") {
			continue
		}
		paragraphs[i] = strings.Join(terminal.WrapWords(terminal.OneLine(p), helpWidth), "\n")
	}
	return strings.Join(paragraphs, "\n\n")
}
