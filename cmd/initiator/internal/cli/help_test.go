package cli

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

func TestHelpFitsIn80Columns(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("word ", 40)
	root := &cobra.Command{Use: "initiator", Long: long + "\n\n  " + strings.Repeat("code ", 3) + "\n  more code"}
	verb := &cobra.Command{Use: "verb", Short: long, Run: func(*cobra.Command, []string) {}}
	root.AddCommand(verb)
	root.PersistentFlags().String("common", "", long)
	verb.Flags().String("own", "", "the `NAME`: "+long)
	root.SetHelpFunc(printHelp)
	for _, cmd := range []*cobra.Command{root, verb} {
		var out bytes.Buffer
		cmd.SetOut(&out)
		if err := cmd.Help(); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > helpWidth && !strings.HasPrefix(line, "  verb ") {
				t.Errorf("%s: a line has %d columns: %s", cmd.Name(), n, line)
			}
		}
		if cmd == root && !strings.Contains(out.String(), "\n  code code code\n  more code\n") && !strings.Contains(out.String(), "  code code code \n  more code") {
			t.Errorf("the code was wrapped:\n%s", out.String())
		}
	}
}
