package supervisorctl

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator/report"
)

func (v *verbs) updateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "update [all]", Short: "Apply the file to the running workers; as `reload`",
		Long: "Read the file again, and start, stop and restart the workers that differ, as\n`initiator reload` does. Unlike supervisorctl it leaves unchanged processes of a\nchanged group running.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && !slices.Contains(args, "all") {
				return cli.UsageFault(fmt.Errorf("update %s: a single group cannot be updated; `initiator update` leaves unchanged workers running", args[0]))
			}
			return v.Reload(cmd, v.showUpdate)
		},
	}
	v.AddWaitFlag(cmd.Flags())
	return cmd
}

// showUpdate prints the changes of a reload as supervisorctl does.
func (v *verbs) showUpdate(c report.Changes) error {
	if v.Format.JSON {
		return v.Out.WriteJSON(c)
	}
	return v.Out.WriteLines(updateLines(c)...)
}

// updateLines returns what `supervisorctl update` prints.
func updateLines(c report.Changes) (lines []string) {
	names, actions := changesByGroup(c)
	for _, name := range names {
		switch actions[name] {
		case report.ActionStop:
			lines = append(lines, name+": stopped", name+": removed process group")
		case report.ActionRestart:
			lines = append(lines, name+": stopped", name+": updated process group")
		case report.ActionStart:
			lines = append(lines, name+": added process group")
		}
	}
	return lines
}
