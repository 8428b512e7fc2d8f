package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/internal/plan"
	"initiator/internal/spelling"
)

const keysLong = `Show every key that an INI may have: its type, its default and its meaning. The
initiator reads the INI with the same table.

With names it shows only these keys, or all keys of these sections: initiator,
worker, group, schedule, include. The keys of [DEFAULT], of [config:NAME] and of
sections that are named by a module or a guid are yours: the workers read them.`

func (a *app) keysCommand() *cobra.Command {
	return &cobra.Command{
		Use: "keys [SECTION|KEY…]", Short: "Show what every key of the INI means", Long: keysLong,
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			return cli.WithoutNames(keyNames(), args), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			chosen, err := chooseKeys(args)
			if err != nil {
				return err
			}
			if a.Format.JSON {
				return a.Out.WriteJSON(map[string]any{"keys": keyRows(chosen)})
			}
			return a.Out.WriteLines(keyLines(chosen, a.Out.Width())...)
		},
	}
}

// keyRow is a key in JSON.
type keyRow struct {
	Section string `json:"section"`
	Name    string `json:"name"`
	Type    string `json:"type"`
	Default string `json:"default"`
	Doc     string `json:"doc"`
	Secret  bool   `json:"secret,omitempty"`
}

// keyRows returns keys for JSON.
func keyRows(keys []plan.KeyDoc) []keyRow {
	rows := make([]keyRow, 0, len(keys))
	for _, k := range keys {
		rows = append(rows, keyRow(k))
	}
	return rows
}

// keyNames returns the names of all sections and keys.
func keyNames() (names []string) {
	for _, k := range plan.KeyDocs() {
		names = append(names, k.Section, k.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// chooseKeys returns the keys that names select, by key or section; all keys
// without names.
func chooseKeys(names []string) ([]plan.KeyDoc, error) {
	all := plan.KeyDocs()
	if len(names) == 0 {
		return all, nil
	}
	wanted := map[string]bool{}
	known := keyNames()
	for _, name := range names {
		word := sectionWord(name)
		if !slices.Contains(known, word) {
			return nil, cli.NewFault(cli.ExitUsage, unknownKey(name), spelling.Suggest(word, known))
		}
		wanted[word] = true
	}
	return slices.DeleteFunc(all, func(k plan.KeyDoc) bool { return !wanted[k.Section] && !wanted[k.Name] }), nil
}

// sectionWord returns "worker" for [worker:NAME], as it stands in a file.
func sectionWord(name string) string {
	inside, bracketed := strings.CutPrefix(name, "[")
	if bracketed {
		inside, _, _ = strings.Cut(strings.TrimSuffix(inside, "]"), ":")
	}
	return strings.ToLower(inside)
}

// unknownKey is the error of a key that does not exist.
type unknownKey string

func (k unknownKey) Error() string { return "no section of an INI has a key " + string(k) }

// keyLines returns the keys under the heads of their sections, each with its
// meaning below it.
func keyLines(keys []plan.KeyDoc, width int) (lines []string) {
	section := ""
	for _, k := range keys {
		if k.Section != section {
			if section != "" {
				lines = append(lines, "")
			}
			section = k.Section
			lines = append(lines, sectionHead(section))
		}
		head := k.Name
		if k.Default != "" {
			head += " = " + k.Default
		}
		kind := k.Type
		if k.Secret {
			kind += ", secret"
		}
		lines = append(lines, terminal.Truncate(head+"  ("+kind+")", width))
		for _, line := range terminal.WrapWords(k.Doc, max(width-4, 0)) {
			lines = append(lines, "    "+line)
		}
	}
	return lines
}

// sectionHead returns the head of a section as it is written.
func sectionHead(section string) string {
	if section == "initiator" || section == "include" {
		return "[" + section + "]"
	}
	return "[" + section + ":NAME]"
}
