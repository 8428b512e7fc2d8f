// Package initiator embeds an initiator in a Go program: it reads an INI, starts
// workers on free ports, keeps them running, and hands them tasks that are never
// lost.
//
//	in, err := initiator.New(initiator.Config{Path: "initiator.ini"})
//	…
//	go in.Run(ctx)
//	result, err := in.NewTask("adder", data).Start(ctx).Join(ctx)
//
// Run owns everything: it starts the keeper, the supervisor, the dispatcher and
// the API in this order, and ends them in the opposite order. Methods may be
// called by any goroutine at any time; they wait until Run has started what they need.
//
// The program must be able to start itself again as the keeper; importing this
// package suffices for that. Tests use package initiatortest.
package initiator

// Files:
//
//	config.go          Config, and the plan that it stands for
//	initiator.go       Initiator: New, Run, Shutdown, and the check that it is up
//	run_state.go       how far Run is
//	background.go      the goroutines that Run waits for at its end
//	server.go          server: all parts while Run runs, in the order of their start
//	server_tasks.go    … the tasks, and damage of the state directory
//	server_state.go    … the state directory, the keeper, and the output of workers
//	state_watch.go     … whether the state directory and its files are still there
//	server_api.go      … the API, from its listeners to its end
//	keeper_environment.go  … problems of the keeper: a secret in its environment, no answer
//	wiring.go          … supervisor ↔ dispatcher, and what workers are issued
//	worker_configs.go  the configuration and token that each worker was issued
//	client.go          Client: the client of this initiator
//	ready.go           Ready: waits until all workers have come up
//	workers.go         what a program does with workers
//	pools.go           what a program does with pools
//	reload.go          the INI is read again and applied
//	backup.go          a backup is written; what a restored directory says
//	rotate_token.go    another token of the API
//	upgrade.go         this process becomes another program
//
// What is below: internal/statedir, handover and upgrade (what outlives a
// program), keeper and supervise (workers), queue and dispatch (tasks), pools,
// scheduler, journal, workerlog, and api. docs/architecture.md shows how a worker
// and a task travel through them.
