package supervise

// A keeper of an older version goes on as long as it has a process: its workers
// are not restarted for the new version. When the last process has ended, the
// keeper is replaced the same way as after a crash. No worker is lost here.

// replaceOutdatedKeeper replaces an outdated keeper that has no process any
// more.
func (l *loop) replaceOutdatedKeeper() {
	if !l.opts.KeeperOutdated || l.keeperReplaced || l.keeper == nil || l.opts.NewKeeper == nil || l.stopping || len(l.hooks) > 0 {
		return
	}
	for _, w := range l.order {
		if w.rec.Phase.HasProcess() {
			return
		}
	}
	l.log.Info("the keeper has an older version and no worker left: it is being replaced")
	old := l.keeper
	l.keeperReplaced, l.keeper, l.ownKeeper, l.events = true, nil, nil, nil
	l.replacing = true
	l.forgetKeeperOfLeft()
	l.failPendingClears()
	l.helpers.Go(func() { l.replaceKeeper(Leftovers{}, nil, nil, nil, old, nil) })
}
