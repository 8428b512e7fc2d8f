package cli

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/client"
	"initiator/internal/queue"
)

// completeWithin bounds what a press of the tab key may wait for.
const completeWithin = 2 * time.Second

// CompletePools offers the pools that take tasks, for a first argument: those
// of the INI, and those that run. Where there is neither it is silent.
func (a *App) CompletePools(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault // DATA may be @FILE
	}
	return mergeNames(a.namesFromPlan(true), a.namesFromInitiator(cmd, poolNames)), cobra.ShellCompDirectiveNoFileComp
}

// CompleteNames offers worker definitions, for a first argument.
func (a *App) CompleteNames(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return mergeNames(a.namesFromPlan(false), a.namesFromInitiator(cmd, definitionNames)), cobra.ShellCompDirectiveNoFileComp
}

// CompleteWorkers offers the workers that there are, by definition and guid,
// and where none runs the definitions.
func (a *App) CompleteWorkers(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	names := a.namesFromInitiator(cmd, workerNames)
	if len(names) == 0 {
		names = a.namesFromPlan(false)
	}
	return WithoutNames(names, args), cobra.ShellCompDirectiveNoFileComp
}

// CompleteSignal offers signals first, and then workers.
func (a *App) CompleteSignal(cmd *cobra.Command, args []string, start string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return []string{"HUP", "USR1", "USR2", "INT", "TERM", "QUIT", "KILL", "STOP", "CONT"}, cobra.ShellCompDirectiveNoFileComp
	}
	return a.CompleteWorkers(cmd, args[1:], start)
}

// CompleteTasks offers the newest tasks, with what they are.
func (a *App) CompleteTasks(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return a.namesFromInitiator(cmd, taskIDs), cobra.ShellCompDirectiveNoFileComp
}

// namesFromPlan are the names in the INI; none where it cannot be read.
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

// namesFromInitiator asks the initiator that runs; that there is none, and any fault,
// is silence: a shell in the middle of a line has no place for it.
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

func poolNames(ctx context.Context, c *client.Client) ([]string, error) {
	s, err := c.Status(ctx)
	return SortedPools(s.Tasks), err
}

func definitionNames(ctx context.Context, c *client.Client) ([]string, error) {
	list, err := c.Workers(ctx)
	return DefinitionNames(list), err
}

// workerNames has guids with what they are, behind a tab as shells show it.
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

// offeredTasks is how many tasks are offered: among more nobody can choose.
const offeredTasks = 50

func taskIDs(ctx context.Context, c *client.Client) (ids []string, err error) {
	list, err := c.List(ctx, task.Filter{Limit: offeredTasks})
	for _, t := range list {
		ids = append(ids, t.ID.String()+"\t"+TaskTarget(t)+" "+string(t.State))
	}
	return ids, err
}

// mergeNames are all names, each once.
func mergeNames(a, b []string) []string {
	for _, name := range b {
		if !slices.Contains(a, name) {
			a = append(a, name)
		}
	}
	return a
}

// WithoutNames leaves out what has been typed already.
func WithoutNames(names, typed []string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(typed, name) })
}

func commandContext(cmd *cobra.Command) context.Context {
	if ctx := cmd.Context(); ctx != nil {
		return ctx
	}
	return context.Background()
}

// TaskTarget is the pool and method of a task, as one types it.
func TaskTarget(t task.Task) string {
	if t.Method == "" {
		return t.Pool
	}
	return t.Pool + "." + t.Method
}
