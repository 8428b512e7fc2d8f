package supervisorctl

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/internal/api"
	"initiator/internal/plan"
)

func (v *verbs) updateCommand() *cobra.Command {
	return &cobra.Command{
		Use: "update [all]", Short: "Make what runs be what the file says; as `reload`",
		Long: "Read the file again, and start, stop and restart what differs, as `initiator\nreload` does. Other than supervisorctl's it leaves alone the processes of a\nchanged group that are what they were.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && !slices.Contains(args, "all") {
				return cli.UsageFault(fmt.Errorf("update %s: one group alone cannot be updated; whatever does not differ is left alone anyway", args[0]))
			}
			return v.Reload(cmd, v.showUpdate)
		},
	}
}

func (v *verbs) showUpdate(c api.Changes) error {
	if v.Format.JSON {
		return v.Out.WriteJSON(c)
	}
	return v.Out.WriteLines(updateLines(c)...)
}

func updateLines(c api.Changes) (lines []string) {
	names, actions := changesByGroup(c)
	for _, name := range names {
		switch actions[name] {
		case plan.ActionStop:
			lines = append(lines, name+": stopped", name+": removed process group")
		case plan.ActionRestart:
			lines = append(lines, name+": stopped", name+": updated process group")
		case plan.ActionStart:
			lines = append(lines, name+": added process group")
		}
	}
	return lines
}
