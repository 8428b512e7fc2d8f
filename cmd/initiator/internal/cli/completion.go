package cli

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/client"
	"initiator/initiator/task"
)

// completeWithin limits the time that a press of the tab key may take.
const completeWithin = 2 * time.Second

// CompletePools completes the first argument with the pools that take tasks,
// from the INI and from the running initiator.
func (a *App) CompletePools(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault // DATA may be @FILE
	}
	return mergeNames(a.namesFromPlan(true), a.namesFromInitiator(cmd, poolNames)), cobra.ShellCompDirectiveNoFileComp
}

// CompleteNames completes the first argument with worker definitions.
func (a *App) CompleteNames(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return mergeNames(a.namesFromPlan(false), a.namesFromInitiator(cmd, definitionNames)), cobra.ShellCompDirectiveNoFileComp
}

// CompleteWorkers completes every argument with the running initiator's
// workers, by definition and guid; where none runs with the definitions of the
// INI.
func (a *App) CompleteWorkers(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	names := a.namesFromInitiator(cmd, workerNames)
	if len(names) == 0 {
		names = a.namesFromPlan(false)
	}
	return WithoutNames(names, args), cobra.ShellCompDirectiveNoFileComp
}

// CompleteSignal completes the first argument with signals and the others with
// workers.
func (a *App) CompleteSignal(cmd *cobra.Command, args []string, start string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return []string{"HUP", "USR1", "USR2", "INT", "TERM", "QUIT", "KILL", "STOP", "CONT"}, cobra.ShellCompDirectiveNoFileComp
	}
	return a.CompleteWorkers(cmd, args[1:], start)
}

// CompleteTasks completes the first argument with the newest tasks, each with
// its pool and state.
func (a *App) CompleteTasks(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return a.namesFromInitiator(cmd, taskIDs), cobra.ShellCompDirectiveNoFileComp
}

// namesFromPlan returns the definitions of the INI, or only its pools; none
// where the INI cannot be read.
func (a *App) namesFromPlan(pools bool) (names []string) {
	p, err := a.ReadPlan()
	if err != nil {
		return nil
	}
	for _, s := range p.Workers {
		if !pools || s.Protocol != "none" {
			names = append(names, s.Name)
		}
	}
	return names
}

// namesFromInitiator asks the running initiator. It returns no names on any
// error: a shell cannot show an error in the middle of a line.
func (a *App) namesFromInitiator(cmd *cobra.Command, ask func(context.Context, *client.Client) ([]string, error)) []string {
	c, err := a.Connect()
	if err != nil {
		return nil
	}
	defer c.Close()
	ctx, stop := context.WithTimeout(context.WithoutCancel(commandContext(cmd)), completeWithin)
	defer stop()
	names, err := ask(ctx, c)
	if err != nil {
		return nil
	}
	return names
}

// poolNames returns the pools of the running initiator.
func poolNames(ctx context.Context, c *client.Client) ([]string, error) {
	s, err := c.Status(ctx)
	return SortedPools(s.Tasks), err
}

// definitionNames returns the definitions of the running initiator.
func definitionNames(ctx context.Context, c *client.Client) ([]string, error) {
	list, err := c.Workers(ctx)
	return DefinitionNames(list), err
}

// workerNames returns the definitions, "all" and the guids of the running
// workers. Behind each guid stand a tab and a description, as shells show it.
func workerNames(ctx context.Context, c *client.Client) ([]string, error) {
	list, err := c.Workers(ctx)
	names := DefinitionNames(list)
	if len(list) > 0 {
		names = append(names, "all")
	}
	for _, w := range list {
		names = append(names, w.GUID+"\t"+w.Name+" "+terminal.StateName(w))
	}
	return names, err
}

// offeredTasks limits the number of tasks: a person cannot choose among more.
const offeredTasks = 50

// taskIDs returns the ids of the newest tasks, each with a description behind a
// tab.
func taskIDs(ctx context.Context, c *client.Client) (ids []string, err error) {
	list, err := c.List(ctx, task.Filter{Limit: offeredTasks})
	for _, t := range list {
		ids = append(ids, t.ID.String()+"\t"+TaskTarget(t)+" "+string(t.State))
	}
	return ids, err
}

// mergeNames returns all names, each once.
func mergeNames(a, b []string) []string {
	for _, name := range b {
		if !slices.Contains(a, name) {
			a = append(a, name)
		}
	}
	return a
}

// WithoutNames removes the names that have already been typed.
func WithoutNames(names, typed []string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(typed, name) })
}

// commandContext returns the context of a command, which cobra does not set
// during completion.
func commandContext(cmd *cobra.Command) context.Context {
	if ctx := cmd.Context(); ctx != nil {
		return ctx
	}
	return context.Background()
}

// TaskTarget returns POOL or POOL.METHOD of a task, as it is typed.
func TaskTarget(t task.Task) string {
	if t.Method == "" {
		return t.Pool
	}
	return t.Pool + "." + t.Method
}
