// Package ding has the faces of DI-engine's ding.interaction in Go: a [Master]
// that connects to slaves and gives them tasks, a [Slave] that runs them, and
// a [Task] from the caller's side. Either end may be the original in Python.
//
//	master := ding.NewMaster(ding.MasterOptions{})
//	err := master.Start(ctx)
//	…
//	c, err := master.NewConnection("adder", "127.0.0.1", 7236, false)
//	err = c.Connect(ctx)
//	…
//	result, err := c.NewTask(data).OnComplete(f).Start(ctx).Join(ctx)
//
// The files, in the order in which a task takes them:
//
//	status.go      the states of a task, with ding's numbers
//	options.go     what a Master is given, and its hooks
//	master.go      Master: start, connections by name, end
//	connection.go  Connection: connect, disconnect, and losing the slave
//	request.go     asking a slave, again and again if need be
//	task.go        Task: start, outcome, callbacks
//	serve.go       the webhooks that slaves call
//	slave.go       Slave: a worker with one method and ding's hooks
//
// The wire is that of wire/webhooks.md, section 2. What the original does wrong
// there (the list at the end of that section) is not repeated here: results go
// by their own task's id, a callback that panics loses nothing, a refused task
// leaves the table, the tasks of a lost slave end, ages are measured on the
// monotonic clock, and every request has a timeout.
package ding
