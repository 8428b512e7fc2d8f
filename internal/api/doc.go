// Package api serves the initiator over HTTP: REST for people and programs, a
// stream for clients with many tasks, turberfield's endpoints, and the webhooks
// that workers call.
//
// Listen opens the unix socket and the TCP port, so that workers can be told the
// address before they start. Serve begins to answer; it gets everything that the
// handlers use as Services. A successful answer is the resource itself. Every
// fault is the envelope of the webhooks, so that a client needs one reader for
// both. The webhooks are specified in docs/worker-contract.md, the stream in
// docs/stream.md.
package api

// Files, in the order in which a request travels:
//
//	server.go          Server: from Listen to Close
//	listeners.go       the sockets: opened here, or passed by another program
//	own_socket.go      the unix socket that Listen made: restored, and removed
//	services.go        Services: what is served, and the shapes of the answers
//	routes.go          which request goes to which handler
//	webhooks.go        heartbeats and results of workers, before all others
//	large_results.go   large results of workers: which are read, and how many
//	conn_kind.go       who is at the other end of a request's connection
//	auth.go            which requests are admitted: token, Host and Origin
//	held_body.go       the memory for the bodies of a client's requests
//	token.go           the token of the API, and its replacement
//	worker_auth.go     what a worker may request with its own token
//	tasks.go           submit, get, wait, cancel, retry of tasks
//	task_list.go       a page of a list of tasks
//	task_answer.go     writes tasks, long payloads in parts
//	task_pools.go      pause, resume; retry of many tasks
//	batch.go           submit of many tasks, a line each
//	export.go          export of all tasks, and import
//	backup.go          a backup of the state directory
//	task_events.go     the events of a task or a pool, as they happen
//	stream.go          the streams of clients
//	stream_request.go  the requests on a stream
//	stream_data.go     how much data of a stream may wait for the disk
//	stream_reply.go    the replies to them
//	names.go           the member names of a request
//	workers.go         list, launch, start, stop, restart, scale, signal, why
//	events.go          the transitions of workers, as an event stream
//	logs.go            the output of workers
//	log_printer.go     … as text, for a program that reads the files itself
//	task_check.go      damage of the task files
//	control.go         status, plan, reload, upgrade, shutdown
//	turberfield.go     /create, /job and /config of turberfield's initiator
//	request.go         JSON in; unknown members and parameters are refused
//	response.go        JSON out, and one table from error to status
