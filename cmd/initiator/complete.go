package main

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"initiator/initiator/client"
	"initiator/internal/queue"
)

// completeWithin bounds what a press of the tab key may wait for.
const completeWithin = 2 * time.Second

// completePools offers the pools that take tasks, for a first argument: those
// of the INI, and those that run. Where there is neither it is silent.
func (a *app) completePools(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault // DATA may be @FILE
	}
	return merged(a.fromPlan(true), a.fromHouse(cmd, poolNames)), cobra.ShellCompDirectiveNoFileComp
}

// completeNames offers worker definitions, for a first argument.
func (a *app) completeNames(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return merged(a.fromPlan(false), a.fromHouse(cmd, definitionNames)), cobra.ShellCompDirectiveNoFileComp
}

// completeWorkers offers the workers that there are, by definition and guid,
// and where none runs the definitions.
func (a *app) completeWorkers(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	names := a.fromHouse(cmd, workerNames)
	if len(names) == 0 {
		names = a.fromPlan(false)
	}
	return without(names, args), cobra.ShellCompDirectiveNoFileComp
}

// completeSignal offers signals first, and then workers.
func (a *app) completeSignal(cmd *cobra.Command, args []string, start string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return []string{"HUP", "USR1", "USR2", "INT", "TERM", "QUIT", "KILL", "STOP", "CONT"}, cobra.ShellCompDirectiveNoFileComp
	}
	return a.completeWorkers(cmd, args[1:], start)
}

// completeTasks offers the newest tasks, with what they are.
func (a *app) completeTasks(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return a.fromHouse(cmd, taskIDs), cobra.ShellCompDirectiveNoFileComp
}

// fromPlan are the names in the INI; none where it cannot be read.
func (a *app) fromPlan(pools bool) (names []string) {
	p, err := a.plan()
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

// fromHouse asks the initiator that runs; that there is none, and any fault,
// is silence: a shell in the middle of a line has no place for it.
func (a *app) fromHouse(cmd *cobra.Command, ask func(context.Context, *client.Client) ([]string, error)) []string {
	c, err := a.client()
	if err != nil {
		return nil
	}
	defer c.Close()
	ctx, stop := context.WithTimeout(context.WithoutCancel(contextOf(cmd)), completeWithin)
	defer stop()
	names, err := ask(ctx, c)
	if err != nil {
		return nil
	}
	return names
}

func poolNames(ctx context.Context, c *client.Client) ([]string, error) {
	s, err := c.Status(ctx)
	return sorted(s.Tasks), err
}

func definitionNames(ctx context.Context, c *client.Client) ([]string, error) {
	list, err := c.Workers(ctx)
	return definitions(list), err
}

// workerNames has guids with what they are, behind a tab as shells show it.
func workerNames(ctx context.Context, c *client.Client) ([]string, error) {
	list, err := c.Workers(ctx)
	names := definitions(list)
	if len(list) > 0 {
		names = append(names, "all")
	}
	for _, w := range list {
		names = append(names, w.GUID+"\t"+w.Name+" "+stateOf(w))
	}
	return names, err
}

// offeredTasks is how many tasks are offered: among more nobody can choose.
const offeredTasks = 50

func taskIDs(ctx context.Context, c *client.Client) (ids []string, err error) {
	list, err := c.List(ctx, task.Filter{Limit: offeredTasks})
	for _, t := range list {
		ids = append(ids, t.ID.String()+"\t"+target(t)+" "+string(t.State))
	}
	return ids, err
}

// merged are all names, each once.
func merged(a, b []string) []string {
	for _, name := range b {
		if !slices.Contains(a, name) {
			a = append(a, name)
		}
	}
	return a
}

// without leaves out what has been typed already.
func without(names, typed []string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(typed, name) })
}

func contextOf(cmd *cobra.Command) context.Context {
	if ctx := cmd.Context(); ctx != nil {
		return ctx
	}
	return context.Background()
}
