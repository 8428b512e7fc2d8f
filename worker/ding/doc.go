// Package ding offers the interfaces of DI-engine's ding.interaction in Go: a
// [Master] that connects to slaves and gives them tasks, a [Slave] that runs
// them, and a [Task] from the caller's side. Either end may be the original in
// Python.
//
//	master := ding.NewMaster(ding.MasterOptions{})
//	err := master.Start(ctx)
//	…
//	c, err := master.NewConnection("adder", "127.0.0.1", 7236, false)
//	err = c.Connect(ctx)
//	…
//	result, err := c.NewTask(data).OnComplete(f).Start(ctx).Join(ctx)
//
// The protocol is in docs/worker-contract.md, section 2. The package does not
// repeat the faults of the original that are listed there: a result belongs to
// the task with its id, a callback that panics loses no result, a refused task
// leaves the table, the tasks of a lost slave end, ages are measured with the
// monotonic clock, and every request has a timeout.
package ding

// The files, in the order in which a task travels:
//
//	status.go      the states of a task, with ding's numbers
//	options.go     the options and hooks of a Master
//	master.go      Master: start, connections by name, end
//	connection.go  Connection: connect, disconnect, and the loss of the slave
//	request.go     requests to a slave, and their retries
//	task.go        Task: start, outcome, callbacks
//	serve.go       the webhooks that slaves call
//	slave.go       Slave: a worker with one method and ding's hooks
