package initiator

import (
	"fmt"
	"strings"

	"initiator/internal/keeper"
	"initiator/internal/procfs"
)

// problemKeeperSecret names the problem of a keeper whose environment has a secret.
const problemKeeperSecret = "secret_in_keeper"

// launchKeeper starts the successor of a lost keeper. Without the state directory no
// initiator can attach to the keeper, and the workers run all the same.
func (s *server) launchKeeper() (*keeper.Keeper, error) {
	o := s.keeperOptions()
	if err := s.dir.Check(); err != nil {
		s.log.Warn("the new keeper cannot wait for a next initiator: workers with on_initiator_exit = keep would not be found", "error", err)
		o.HandoverSocket = ""
	}
	k, err := keeper.Launch(o)
	if err == nil {
		s.useKeeper(k)
	}
	return k, err
}

// useKeeper notes which keeper runs.
func (s *server) useKeeper(k *keeper.Keeper) {
	s.newest.Store(k)
	s.checkKeeperEnvironment()
}

// problemKeeperSilent names the problem of a keeper that does not answer.
const problemKeeperSilent = "keeper_silent"

// noteKeeperSilence adds a problem while the keeper does not answer, for the reason;
// "" = it answers.
func (s *server) noteKeeperSilence(reason string) {
	if reason == "" {
		s.problems.Remove(problemKeeperSilent)
		return
	}
	s.problems.Add(problemKeeperSilent, reason)
}

// checkKeeperEnvironment adds a problem when the running keeper was started with a
// variable that a secret key names now: a reload has made the variable secret, or
// the keeper is of an earlier version. The environment of a process cannot be
// changed. Only Linux shows it.
func (s *server) checkKeeperEnvironment() {
	pid := s.newest.Load().PID()
	environ := procfs.ReadEnvironment(pid)
	var names []string
	for _, name := range s.Plan().SecretVariables {
		if procfs.EnvironValue(environ, name) != "" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		s.problems.Remove(problemKeeperSecret)
		return
	}
	reason := fmt.Sprintf("the keeper (pid %d) was started before the INI made these variables secret, and has them in its environment: %s; stop the initiator and start it again", pid, strings.Join(names, ", "))
	if s.problems.Add(problemKeeperSecret, reason) {
		s.log.Warn(reason)
	}
}
