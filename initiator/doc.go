// Package initiator is the parent process: it reads an INI, launches workers
// on free ports, keeps them alive, and hands them tasks.
//
// A program embeds it in a few lines:
//
//	in, err := initiator.New(initiator.Config{Path: "initiator.ini"})
//	…
//	go in.Run(ctx)
//	result, err := in.NewTask("adder", data).Start().Join(ctx)
//
// Here is what happens inside, and where:
//
//	config.go   what New is given: INI → plan
//	run.go      the order in which everything starts, and ends
//	background.go   the goroutines that Run waits for at its end
//	state.go    the state directory: lock, token, socket
//	small.go    its small files; home.go is one of them, ledger.go a few
//	heritage.go what an earlier initiator has left there, and how it is taken
//	serve.go    when the API answers, and when no more
//	upgrade.go  this process becomes another program; guard_*.go stands by
//	            in case that one crashes; succession.go is what
//	            passes from the one to the other
//	wiring.go   supervise ↔ dispatch, in each other's words
//	launch.go   one more worker; the tuple that turberfield's users know
//	future.go   a task from the caller's side: OnComplete, Join, Result
//	events.go   what happened, with numbers from which to go on
//	show.go     what workers write, on the initiator's own output and log
//	panics.go   … and the last words of a Go program, from its log
//	seen.go     the state file: what was, when nothing runs any more
//	seen_write.go   … and how it comes to be
//	logs.go     what workers wrote to their files, and what they write next
//	reload.go   the file again: plan and reload; scale, signal; log files
//	            opened anew or cleared
//	why.go      why a worker is as it is, and what a dead process wrote last
//	paused.go   pools that rest, also after a restart
//	schedules.go  a task for each tick of a [schedule:NAME]
//	callback.go what signs callbacks
//	told.go     what each worker was told of itself, for it to ask again
//	house.go    what the API asks
//
// The rooms below it are plan, port, keeper, supervise, task, dispatch,
// output, logs and api.
package initiator
