// Package api is the initiator's face on the wire: REST for people and
// programs, and the webhooks that workers call.
//
//	house.go     what the API asks of the initiator
//	server.go    the unix socket and the TCP port, from listen to shutdown;
//	passed.go    those that somebody else has opened
//	guard.go     who may come in: tokens, Host and Origin
//	inside.go    … and what a worker may ask with its own token
//	routes.go    which request goes where
//	webhooks.go  heartbeats and results of workers, ahead of everything else
//	tasks.go     submit, get, wait, list, cancel, retry
//	batch.go     … submit of many, a line each
//	elsewhere.go … export of all, and import
//	task_events.go  what becomes of a task, or of all in a pool, as it happens
//	stream.go    the same for clients with many under way, on one connection:
//	stream_caller.go  … what they ask
//	stream_answer.go  … and what they are told
//	pools.go     pause, resume; many dead tasks at once
//	workers.go   list, launch, start, stop, restart
//	events.go    what happened, as a stream that can be resumed
//	logs.go      what workers wrote
//	turberfield.go  /create, /job and /config of turberfield's initiator
//	reload.go    plan, reload, scale, signal, why
//	answer.go    one table from error to status, and the envelope for faults
//
// A successful answer is the resource itself. Every fault is the envelope of
// the webhooks, so that a client needs one reader for both.
package api
