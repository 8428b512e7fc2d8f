package supervisorctl

import (
	"context"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator/client"
	"initiator/initiator/report"
)

// ExitNoProcess is supervisorctl's exit code for a worker that does not run.
const ExitNoProcess = 7

func (v *verbs) pidCommand() *cobra.Command {
	return &cobra.Command{
		Use: "pid [NAME…|all]", Short: "Show the pid of the initiator, or of workers",
		Long:              "Show the pid of the initiator, or of workers. A worker that does not run has\npid 0, and the exit code is then 7.",
		ValidArgsFunction: v.CompleteWorkers,
		RunE: func(cmd *cobra.Command, args []string) error {
			return v.WithClient(cmd, func(ctx context.Context, c *client.Client) error {
				s, err := c.Status(ctx)
				if err != nil {
					return err
				}
				pids, code := []int{s.PID}, cli.ExitOK
				if len(args) > 0 {
					chosen, err := cli.ChooseWorkers(s.Workers, args)
					if err != nil {
						return err
					}
					pids, code = pidsOf(chosen, !slices.Contains(args, "all"))
				}
				if v.Format.JSON {
					err = v.Out.WriteJSON(map[string]any{"pids": pids})
				} else {
					err = v.Out.WriteLines(numberTexts(pids)...)
				}
				if err != nil {
					return err
				}
				return cli.ExitWith(code)
			})
		},
	}
}

// pidsOf returns the pids of workers in supervisorctl's order, 0 for a worker
// that does not run. That is a failure only of workers that were named.
func pidsOf(list []report.Worker, named bool) (pids []int, code int) {
	for _, w := range SortByName(list, ProcessNames(list)) {
		pids = append(pids, w.PID)
		if w.PID == 0 && named {
			code = ExitNoProcess
		}
	}
	return pids, code
}

// numberTexts returns numbers as texts.
func numberTexts(numbers []int) (list []string) {
	for _, n := range numbers {
		list = append(list, strconv.Itoa(n))
	}
	return list
}
