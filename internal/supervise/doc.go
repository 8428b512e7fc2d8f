// Package supervise keeps workers alive: it decides what happens next to each,
// has the keeper do it, and can say why.
//
// The pure part, in the order data flows: event.go (all that can happen),
// record.go (all that is known of one worker), table.go (phase × event, every
// cell), up.go, life.go, down.go and death.go (what the cells do), law.go (the
// one restart law), state.go (what a person is shown), why.go (one sentence).
//
// The loop that feeds it: options.go (what it is made of), supervisor.go (New,
// Run, Workers, Report), mailbox.go (how everything gets in), loop.go (the one
// goroutine that owns all records), hear.go (what the keeper says), output.go
// (what workers write), timers.go (deadlines), perform.go (the table's
// actions), spawn.go, env.go, limits.go, cgroup.go, cgroup_linux.go and
// hooks.go (a process in plain values), stream.go (the socketpair that it is
// born with), prober.go, ping.go, verdict.go and
// notify.go (readiness), guard.go (life, of those that cannot beat), pools.go,
// deps.go and group.go (workers among each other), names.go, request.go and
// waiter.go (start, stop, restart), clear.go (their logs), apply.go (scale and reload), fate.go (the
// beginning and the end of everything), lost.go and sweep_linux.go (a keeper
// that died), worker.go (what is shown).
//
// What outlives it: memo.go (a worker in a few bytes), deposit.go (when they are
// left, and where), clock_*.go (the clock that every process shares), freeze.go
// (the end before an upgrade), restore.go and resume.go (the beginning after
// one, or after a death), prove.go and adopted.go (workers whose keeper was
// killed), renew.go (a keeper of an older version).
package supervise
