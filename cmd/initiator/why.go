package main

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/client"
	"initiator/initiator/report"
)

func (a *app) whyCommand() *cobra.Command {
	return &cobra.Command{
		Use: "why NAME…|all", Short: "Explain the state of workers in a sentence",
		Long: "Explain the state of workers, by definition, group or guid, in a sentence each: the\nstate, the last exit, the rule that applied, the time of the next start, and what\nthe worker waits for. For a process that has ended, also its last output.\n\nWhere no initiator runs, why explains the last known state, as it was at the time\nthat stderr names.",
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: a.CompleteWorkers,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.WithClient(cmd, func(ctx context.Context, c *client.Client) error {
				all, err := c.Workers(ctx)
				if cli.NoInitiatorRuns(err) {
					return a.explainLastKnown(ctx, args, err)
				}
				if err != nil {
					return err
				}
				var explanations []report.Explanation
				for _, name := range cli.ExpandNames(all, args) {
					answers, err := c.Why(ctx, name)
					if err != nil {
						return err
					}
					explanations = append(explanations, answers...)
				}
				return a.showAnswers(map[string]any{"answers": explanations}, explanations)
			})
		},
	}
}

// showAnswers prints the sentences whole, also on a narrow terminal, and below
// each the last output of a process that has ended. The exit code is 1 when a log
// cannot be read. With -o json it prints the document.
func (a *app) showAnswers(document map[string]any, answers []report.Explanation) error {
	code := cli.ExitOK
	if slices.ContainsFunc(answers, func(e report.Explanation) bool { return e.LogProblem != "" }) {
		code = cli.ExitFailed
	}
	if a.Format.JSON {
		return errors.Join(a.Out.WriteJSON(document), cli.ExitWith(code))
	}
	for _, answer := range answers {
		text := terminal.Escape(answer.Sentence) + "\n"
		if len(answer.LastOutput) > 0 {
			text += "Its last output:\n" + terminal.IndentLines(answer.LastOutput)
		}
		if answer.LogProblem != "" {
			text += "Its last output is not complete: " + terminal.Escape(answer.LogProblem) + "\n"
		}
		if _, err := a.Out.Write([]byte(text)); err != nil {
			return err
		}
	}
	return cli.ExitWith(code)
}
