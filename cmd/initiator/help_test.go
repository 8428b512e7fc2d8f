package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
)

func TestHelpPagesFitIn80Columns(t *testing.T) {
	t.Parallel()
	a := &app{cli.NewApp(os.Stdin, os.Stdout, os.Stderr)}
	var check func(*cobra.Command)
	check = func(cmd *cobra.Command) {
		var page bytes.Buffer
		cmd.SetOut(&page)
		if err := cmd.Help(); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(page.String()) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 80 {
				t.Errorf("%s: %d columns: %s", cmd.CommandPath(), n, line)
			}
		}
		for _, sub := range cmd.Commands() {
			check(sub)
		}
	}
	check(a.buildRoot())
}
