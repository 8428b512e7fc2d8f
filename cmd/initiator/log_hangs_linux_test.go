package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"initiator/initiator/client"
	"initiator/initiator/report"
	"initiator/internal/procfs"
	"initiator/internal/testdisk"
)

// logHangsINI has a worker that ignores TERM and whose log hangs, and a worker beside
// it.
const logHangsINI = `
[DEFAULT]
contract      = off
restart_delay = 10ms

[worker:hung]
command        = sh -c "trap '' TERM; echo hung; while :; do echo line; sleep 0.02; done"
ready          = line:hung
stopwaitsecs   = 1h
stdout_logfile = %s/out.log

[worker:other]
command = sleep 3600
`

// While a log hangs, the deaths of other workers are seen, other workers can be
// stopped, and a second Ctrl-C ends everything.
func TestCtrlCWhileALogHangs(t *testing.T) {
	t.Parallel()
	for name, hang := range map[string]func(t *testing.T, logs string) func(keeper int){
		"a disk that hangs": func(t *testing.T, logs string) func(int) {
			disk := testdisk.Need(t, logs, 16<<20)
			return func(int) {
				if err := disk.Hang(); err != nil {
					t.Fatal(err)
				}
			}
		},
		"a write that stalls": func(t *testing.T, logs string) func(int) {
			return func(keeper int) { <-testdisk.StallWrite(t, keeper, filepath.Join(logs, "out.log")).Begun }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			logs, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			begin := hang(t, logs)
			p := startProcess(t, newTestDirectory(t, fmt.Sprintf(logHangsINI, logs)), "up")
			p.awaitReady()
			c := p.newClient()
			begin(parentOf(t, p.findWorker(c, "hung").PID))

			other := p.findWorker(c, "other")
			if err := syscall.Kill(other.PID, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			p.awaitWorker(c, "other", func(w report.Worker) bool { return w.Ready && w.PID != other.PID })
			if results, err := c.Stop(t.Context(), "other"); err != nil || results[0].Error != "" {
				t.Errorf("stop: %+v %v", results, err)
			}
			p.sendSignal(syscall.SIGINT)
			p.awaitOutput("Ctrl-C again kills them")
			p.awaitOutput("waiting for hung")
			p.sendSignal(syscall.SIGINT)
			p.expectExit(130)
		})
	}
}

func parentOf(t *testing.T, pid int) int {
	t.Helper()
	stat, ok := procfs.ReadStat(pid)
	if !ok {
		t.Fatalf("process %d has ended", pid)
	}
	return stat.Parent
}

func (p *testProcess) findWorker(c *client.Client, name string) (found report.Worker) {
	p.t.Helper()
	p.awaitWorker(c, name, func(w report.Worker) bool {
		found = w
		return true
	})
	return found
}

// awaitWorker waits until a worker is as meant says.
func (p *testProcess) awaitWorker(c *client.Client, name string, meant func(report.Worker) bool) {
	p.t.Helper()
	err := waitUntil(name, func(ctx context.Context) bool {
		list, err := c.Workers(ctx)
		return err == nil && slices.ContainsFunc(list, func(w report.Worker) bool { return w.Name == name && meant(w) })
	})
	if err != nil {
		p.t.Fatal(err)
	}
}
