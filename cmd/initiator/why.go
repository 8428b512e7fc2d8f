package main

import (
	"context"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/client"
	"initiator/internal/supervise"
)

func (a *app) whyCommand() *cobra.Command {
	return &cobra.Command{
		Use: "why NAME…|all", Short: "Say in a sentence why workers are as they are",
		Long: "Say of workers, by definition, group or guid, in a sentence each: the state, the\nlast exit, the rule that fired, when the next start is due, what it waits for.\nOf a process that has died, also the last lines that it wrote.",
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: a.CompleteWorkers,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.WithClient(cmd, func(ctx context.Context, c *client.Client) error {
				all, err := c.Workers(ctx)
				if err != nil {
					return err
				}
				var said []supervise.Explanation
				for _, name := range cli.ExpandNames(all, args) {
					answers, err := c.Why(ctx, name)
					if err != nil {
						return err
					}
					said = append(said, answers...)
				}
				return a.showAnswers(said)
			})
		},
	}
}

// showAnswers prints sentences whole, however narrow the terminal, and below
// each the last words of a process that has died.
func (a *app) showAnswers(answers []supervise.Explanation) error {
	if a.Format.JSON {
		return a.Out.WriteJSON(map[string]any{"answers": answers})
	}
	for _, answer := range answers {
		text := answer.Sentence + "\n"
		if len(answer.LastOutput) > 0 {
			text += "The last that it wrote:\n" + terminal.IndentLines(answer.LastOutput)
		}
		if _, err := a.Out.Write([]byte(text)); err != nil {
			return err
		}
	}
	return nil
}
