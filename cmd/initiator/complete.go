package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"
)

// completeWithin bounds what a press of the tab key may wait for.
const completeWithin = 2 * time.Second

// completePools offers the pools that take tasks, for a first argument.
func (a *app) completePools(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	return a.fromPlan(args, true)
}

// completeNames offers worker definitions, for a first argument.
func (a *app) completeNames(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	return a.fromPlan(args, false)
}

func (a *app) fromPlan(args []string, pools bool) (names []string, d cobra.ShellCompDirective) {
	p, err := a.plan()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	for _, s := range p.Workers {
		if !pools || s.Protocol != "none" {
			names = append(names, s.Name)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeWorkers offers the workers that there are, by definition and guid.
func (a *app) completeWorkers(cmd *cobra.Command, _ []string, _ string) (names []string, d cobra.ShellCompDirective) {
	c, err := a.client()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer c.Close()
	ctx, stop := context.WithTimeout(context.WithoutCancel(contextOf(cmd)), completeWithin)
	defer stop()
	list, err := c.Workers(ctx)
	if err != nil {
		return a.fromPlan(nil, false)
	}
	names = append(definitions(list), "all")
	for _, w := range list {
		names = append(names, w.GUID)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func contextOf(cmd *cobra.Command) context.Context {
	if ctx := cmd.Context(); ctx != nil {
		return ctx
	}
	return context.Background()
}
