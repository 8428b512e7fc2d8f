package realdaemons

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"initiator/internal/procfs"
)

// patience is how long a test waits for what must happen.
const patience = time.Minute

// system is an initiator with its directory.
type system struct {
	t   *testing.T
	dir string
	up  *exec.Cmd
	log *os.File
}

// newSystem makes a directory that every user can enter.
func newSystem(t *testing.T) *system {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{filepath.Dir(dir), dir} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	log, err := os.Create(filepath.Join(dir, "up.log"))
	if err != nil {
		t.Fatal(err)
	}
	s := &system{t: t, dir: dir, log: log}
	t.Cleanup(s.endAll)
	return s
}

// write writes a file of the directory.
func (s *system) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// makeDirectory makes a directory below the system's for a user.
func (s *system) makeDirectory(name, user string) string {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.Mkdir(path, 0o755); err != nil {
		s.t.Fatal(err)
	}
	s.mustRun("chown", user, path)
	return path
}

// mustRun runs a program and returns its output.
func (s *system) mustRun(words ...string) string {
	s.t.Helper()
	out, err := s.tryRun(words...)
	if err != nil {
		s.t.Fatalf("%s: %v\n%s", strings.Join(words, " "), err, out)
	}
	return out
}

func (s *system) tryRun(words ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Dir, cmd.WaitDelay = s.dir, time.Second
	var out, warnings bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &warnings
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%w: %s", err, warnings.String())
	}
	return out.String(), nil
}

// verb runs a verb of the initiator, which must succeed.
func (s *system) verb(words ...string) string {
	s.t.Helper()
	return s.mustRun(append([]string{program}, words...)...)
}

// begin starts the initiator and waits until its workers are ready.
func (s *system) begin() {
	s.t.Helper()
	s.up = exec.Command(program, "up")
	s.up.Dir, s.up.Stdout, s.up.Stderr = s.dir, s.log, s.log
	s.up.SysProcAttr = &unix.SysProcAttr{Setpgid: true}
	if err := s.up.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.awaitReady()
}

// awaitReady waits until every worker is ready.
func (s *system) awaitReady() {
	s.t.Helper()
	s.await("every worker is ready", func() error {
		out, err := s.tryRun(program, "start", "all")
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	})
}

// await repeats a question every tenth of a second until its answer is nil.
func (s *system) await(what string, ask func() error) {
	s.t.Helper()
	expired, ticks := time.After(patience), time.Tick(100*time.Millisecond)
	for {
		err := ask()
		if err == nil {
			return
		}
		select {
		case <-expired:
			text, _ := os.ReadFile(s.log.Name())
			s.t.Fatalf("in vain for %s: %v\n%s", what, err, text[max(0, len(text)-6000):])
		case <-ticks:
		}
	}
}

// pid returns the pid of the main process of a worker.
func (s *system) pid(worker string) int {
	s.t.Helper()
	pid, err := strconv.Atoi(strings.TrimSpace(s.verb("pid", worker)))
	if err != nil || pid == 0 {
		s.t.Fatalf("pid of %s: %d, %v", worker, pid, err)
	}
	return pid
}

// mains returns the pids of all main processes.
func (s *system) mains() (pids []int) {
	s.t.Helper()
	for line := range strings.Lines(s.verb("pid", "all")) {
		pid, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil || pid == 0 {
			s.t.Fatalf("pid all: %q", line)
		}
		pids = append(pids, pid)
	}
	return pids
}

// keeper returns the pid of the keeper.
func (s *system) keeper() int {
	s.t.Helper()
	for _, pid := range s.below() {
		if strings.HasPrefix(procfs.CommandLine(pid), "initiator-keeper") {
			return pid
		}
	}
	s.t.Fatal("there is no keeper")
	return 0
}

// kill ends a process and waits until it has ended.
func (s *system) kill(pid int) {
	s.t.Helper()
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		s.t.Fatalf("kill %d: %v", pid, err)
	}
	if s.up != nil && pid == s.up.Process.Pid {
		_ = s.up.Wait() // it was killed
		return
	}
	s.await("the end of a killed process", func() error {
		if p, ok := procfs.ReadStat(pid); ok && !p.Ended {
			return fmt.Errorf("%d runs", pid)
		}
		return nil
	})
}

// stopAll ends the initiator in the orderly way.
func (s *system) stopAll() {
	s.t.Helper()
	s.verb("shutdown")
	if err := s.up.Wait(); err != nil {
		s.t.Errorf("up: %v", err)
	}
	s.up = nil
	s.checkProcesses(nil)
}

// endAll kills what a failed test has left.
func (s *system) endAll() {
	for range 10 {
		left := s.below()
		for _, pid := range left {
			_ = unix.Kill(pid, unix.SIGKILL) // it may have ended
		}
		if len(left) == 0 {
			break
		}
	}
	if s.up != nil {
		_ = s.up.Wait()
	}
	if err := s.log.Close(); err != nil {
		s.t.Error(err)
	}
}

// below returns the processes below this one that still run, without clients.
func (s *system) below() (pids []int) {
	parents := readParents()
	for pid := range parents {
		chain := ancestors(parents, pid)
		if pid == os.Getpid() || !slices.Contains(chain, os.Getpid()) || slices.ContainsFunc(chain, isClient) {
			continue
		}
		if p, ok := procfs.ReadStat(pid); ok && !p.Ended {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return pids
}

// readParents returns the parent of each process.
func readParents() map[int]int {
	parents := map[int]int{}
	for _, pid := range procfs.ListPIDs() {
		if p, ok := procfs.ReadStat(pid); ok {
			parents[pid] = p.Parent
		}
	}
	return parents
}

// isClient reports whether a process sends requests for a test.
func isClient(pid int) bool {
	name := procfs.CommandLine(pid)
	return strings.Contains(name, "/psql ") || strings.Contains(name, "client.py")
}

// ancestors returns a process and the processes above it.
func ancestors(parents map[int]int, pid int) (chain []int) {
	for ; pid > 1 && len(chain) < 50; pid = parents[pid] {
		chain = append(chain, pid)
	}
	return chain
}

// checkProcesses waits until nothing runs but the initiator, its keeper, and the
// processes below the given main processes.
func (s *system) checkProcesses(mains []int) {
	s.t.Helper()
	s.await("the end of all other processes", func() error {
		parents := readParents()
		for _, pid := range s.below() {
			chain := ancestors(parents, pid)
			known := slices.ContainsFunc(mains, func(main int) bool { return slices.Contains(chain, main) })
			name := procfs.CommandLine(pid)
			own := s.up != nil && (pid == s.up.Process.Pid || strings.HasPrefix(name, "initiator-keeper"))
			if !known && !own {
				return fmt.Errorf("%d %s is left", pid, name)
			}
		}
		return nil
	})
}

// newestProgram returns the last of the programs that a pattern names: Debian
// puts the version into the path.
func newestProgram(t *testing.T, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		t.Fatalf("no program is installed as %s: %v", pattern, err)
	}
	return found[len(found)-1]
}
