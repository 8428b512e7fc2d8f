package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"initiator/initiator/client"
	"initiator/internal/supervise"
)

// orders are the verbs that make workers be as somebody wants them.
var orders = map[string]struct{ short, long string }{
	"start": {
		"Start workers, and wait until they are up",
		"Start workers by definition, group or guid, or all of them. It returns when each is\nready, or will not be; the exit code is 1 when one is not.",
	},
	"stop": {
		"Stop workers, and wait until nothing of them is left",
		"Stop workers by definition, group or guid, or all of them. Running tasks may end\nfirst. It returns when nothing of them is left, and says whether that is proven.",
	},
	"restart": {
		"Give workers new processes",
		"Stop and start workers by definition, group or guid, or all of them, and wait until\nthe new processes are ready; the exit code is 1 when one is not.",
	},
}

func (a *app) orderCommand(verb string) *cobra.Command {
	rolling := false
	cmd := &cobra.Command{
		Use: verb + " NAME…|all", Short: orders[verb].short, Long: orders[verb].long,
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: a.completeWorkers,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.talk(cmd, func(ctx context.Context, c *client.Client) error {
				return a.order(ctx, c, verb, rolling, args)
			})
		},
	}
	if verb == "restart" {
		cmd.Flags().BoolVar(&rolling, "rolling", false, "one at a time, each ready before the next; it ends at the first that is not")
	}
	return cmd
}

// order has workers be as the verb says, and shows what became of each.
func (a *app) order(ctx context.Context, c *client.Client, verb string, rolling bool, args []string) error {
	all, err := c.Workers(ctx)
	if err != nil {
		return err
	}
	do := map[string]func(context.Context, ...string) ([]supervise.Result, error){
		"start": c.Start, "stop": c.Stop, "restart": c.Restart,
	}[verb]
	if rolling {
		do = c.RestartRolling
	}
	results, err := do(ctx, whole(all, args)...)
	var partly *client.Partly
	if err != nil && !errors.As(err, &partly) {
		return err
	}
	if err := a.showResults(verb, results, beforeOf(all, args)); err != nil && partly == nil {
		return err
	}
	return notUp(partly)
}

// whole makes whole guids of those that were shortened, and of names that only
// supervisorctl's users write. Names that match nothing are left for the
// initiator to refuse.
func whole(all []supervise.Worker, names []string) (full []string) {
	for _, name := range names {
		some := named(all, name)
		if len(some) == 0 || some[0].Name == name || some[0].Group == name {
			full = append(full, name)
			continue
		}
		for _, w := range some {
			full = append(full, w.GUID)
		}
	}
	return full
}

// showResults prints what became of each worker.
func (a *app) showResults(verb string, results []supervise.Result, was before) error {
	failed := 0
	t := table{head: []string{"NAME", "GUID", "STATE", "PID", "PORT", "REASON"}, spare: []int{3, 4, 5, 1}}
	t.colour = func(column int, cell string) string {
		if column != 2 {
			return ""
		}
		return stateColour(cell)
	}
	for _, r := range results {
		if r.Error != "" {
			failed++
		}
		t.rows = append(t.rows, []string{
			r.Worker.Name, short(r.Worker.GUID), stateOf(r.Worker), number(r.Worker.PID), number(r.Worker.Port), reasonOf(r),
		})
	}
	if a.format.json {
		if err := a.out.json(map[string]any{"results": results}); err != nil {
			return err
		}
	} else if a.likeSupervisor() {
		if err := a.out.lines(was.lines(verb, results)...); err != nil {
			return err
		}
	} else if err := t.print(a.out); err != nil {
		return err
	}
	if failed > 0 {
		return &fault{code: exitFailed, err: fmt.Errorf("%s of %s not as asked", strconv.Itoa(failed), plural(len(results), "worker"))}
	}
	return nil
}

// reasonOf adds to the reason of a stop what is known of what it left.
func reasonOf(r supervise.Result) string {
	switch {
	case r.Error != "":
		return r.Error
	case r.Worker.State != supervise.Stopped:
		return r.Worker.Reason
	case r.EmptyProven:
		return r.Worker.Reason + "; nothing is left of it (proven)"
	}
	return r.Worker.Reason + "; nothing is left of it as far as can be seen (best effort)"
}
