package keeper

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"initiator/internal/procfs"
)

// A cgroup of its own is the surest mark of a worker: its descendants cannot
// leave it by changing their session, parent or environment.

// makeCgroup makes the directory and sets its limits. A limit that cannot be
// set is a warning; a directory that cannot be made is an error.
func makeCgroup(s *SpawnOrder) (warnings []error, err error) {
	if s.CgroupDir == "" {
		return nil, nil
	}
	if err := os.Mkdir(s.CgroupDir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("make cgroup: %w", err)
	}
	for _, set := range s.CgroupSet {
		file, value, _ := strings.Cut(set, "=")
		if err := writeCgroupFile(s.CgroupDir, file, value); err != nil {
			warnings = append(warnings, fmt.Errorf("%s = %s is not in force: %w", file, value, err))
		}
	}
	return warnings, nil
}

// writeCgroupFile writes one of a cgroup's files. It creates no file: this
// kernel does not know a file that is missing.
func writeCgroupFile(dir, file, value string) error {
	f, err := os.OpenFile(filepath.Join(dir, file), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	_, err = f.WriteString(value)
	return err
}

// killCgroup kills every process in a cgroup and below it at once, together
// with processes that are forked meanwhile. Kernels before 5.14 do not offer
// it; there killRound does the work.
func killCgroup(dir string) {
	if dir != "" {
		_ = writeCgroupFile(dir, "cgroup.kill", "1")
	}
}

// removeCgroupDir removes an empty cgroup and the cgroups below it. It reports
// whether the cgroup is gone. The kernel still counts a process for a moment
// after it was waited for, and a member that does not die keeps the cgroup.
func removeCgroupDir(dir string) bool {
	if dir == "" {
		return true
	}
	below, _ := os.ReadDir(dir)
	for _, entry := range below {
		if entry.IsDir() {
			removeCgroupDir(filepath.Join(dir, entry.Name()))
		}
	}
	err := os.Remove(dir)
	return err == nil || errors.Is(err, fs.ErrNotExist)
}

// cgroupMembers lists the processes of a cgroup and of the cgroups below it.
// The kernel leaves out processes without a living thread.
func cgroupMembers(dir string) (pids []int) {
	if dir == "" {
		return nil
	}
	text, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	for field := range bytes.FieldsSeq(text) {
		pids = append(pids, procfs.ParseDigits(field))
	}
	below, _ := os.ReadDir(dir)
	for _, entry := range below {
		if entry.IsDir() {
			pids = append(pids, cgroupMembers(filepath.Join(dir, entry.Name()))...)
		}
	}
	return pids
}

// countOOMKills counts the processes of a cgroup that the kernel has killed for
// lack of memory; 0 where the kernel does not say.
func countOOMKills(dir string) int {
	if dir == "" {
		return 0
	}
	text, _ := os.ReadFile(filepath.Join(dir, "memory.events"))
	for line := range strings.Lines(string(text)) {
		if count, ok := strings.CutPrefix(line, "oom_kill "); ok {
			n, _ := strconv.Atoi(strings.TrimSpace(count))
			return n
		}
	}
	return 0
}
