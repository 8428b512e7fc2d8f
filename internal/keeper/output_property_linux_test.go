package keeper

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// TestOutputIsKept: a log holds what its processes write, the bytes of each stream
// in their order, whatever the sizes of writes, lines and files are.
//
// A program that is killed loses nothing that its write calls have accepted. So do
// programs whose initiator is killed. When the keeper is killed, the log has a
// beginning of the stream, and lacks at most mayBeLost bytes of what was written.
// With Keep, the next keeper goes on: one part of the stream, of at most mayBeLost
// bytes, is missing.
func TestOutputIsKept(t *testing.T) {
	t.Parallel()
	counts := map[outputFault]int{}
	rapid.Check(t, func(rt *rapid.T) {
		c := drawOutputCase(rt)
		counts[c.Fault]++
		dir, err := os.MkdirTemp("", "output")
		if err != nil {
			rt.Fatal(err)
		}
		defer os.RemoveAll(dir)
		r := &outputRun{outputCase: c, t: t, dir: dir}
		r.prepare()
		r.run()
		r.checkLogs(rt)
	})
	total := 0
	for fault, n := range counts {
		t.Logf("%d cases: %s", n, fault)
		total += n
	}
	t.Logf("%d cases ran", total)
}

// outputRun is an outputCase that runs.
type outputRun struct {
	*outputCase
	t       *testing.T
	dir     string
	orders  []SpawnOrder
	control *os.File
}

// prepare makes the files of the scripts, and the orders.
func (r *outputRun) prepare() {
	control := filepath.Join(r.dir, "control")
	check(unix.Mkfifo(control, 0o600))
	var err error
	r.control, err = os.OpenFile(control, os.O_RDWR, 0)
	check(err)
	for i, s := range r.Scripts {
		name := filepath.Join(r.dir, fmt.Sprint("script", i))
		s.Progress, s.Control = name+".progress", control
		text, err := json.Marshal(s)
		check(err)
		check(os.WriteFile(name, text, 0o600))
		check(os.WriteFile(s.Progress, make([]byte, 16), 0o600))
		o := orderAct(fmt.Sprint("w", i), "write-script", name)
		o.RedirectStderr = s.Redirect
		o.Stdout = Log{Path: r.logPath(r.dir, i, 0), MaxBytes: r.MaxBytes, Backups: maxLogFiles, Timestamps: r.Timestamps}
		o.Stderr = o.Stdout
		o.Stderr.Path = r.logPath(r.dir, i, 1)
		o.Keep = r.Fault.keeps()
		r.orders = append(r.orders, o)
	}
}

// run starts the processes, does what the fault says, and waits for the ends of
// all processes.
func (r *outputRun) run() {
	defer r.control.Close()
	if r.Fault == initiatorKilled || r.Fault == initiatorReplace {
		r.killInitiator()
		return
	}
	k, err := Launch(Options{})
	check(err)
	h := &testKeeper{t: r.t, Keeper: k}
	defer h.closeKeeper()
	pids := h.startOrders(r)
	ends := make([]<-chan struct{}, len(pids))
	for i, pid := range pids {
		ends[i] = awaitExit(r.t, pid)
	}
	r.awaitMark()
	r.inject(h, pids)
	if r.Fault == keeperReplaced {
		h = r.adoptAll(h, pids)
		defer h.closeKeeper()
	}
	if !r.Unread && r.Fault != keeperKilled {
		h.awaitExits(r)
	}
	for _, end := range ends {
		<-end
	}
	if r.Unread && r.Fault != keeperKilled {
		h.awaitExits(r)
	}
}

// closeKeeper ends a keeper, which may have been killed.
func (h *testKeeper) closeKeeper() {
	_ = h.Close()
	for range h.Events() {
	}
}

// startOrders starts the processes, and returns their numbers.
func (h *testKeeper) startOrders(r *outputRun) (pids []int) {
	for _, o := range r.orders {
		if r.Watched {
			check(h.WatchOutput(o.GUID, true))
		}
		check(h.Spawn(o))
		pids = append(pids, h.findKind(o.GUID, KindSpawned).PID)
	}
	return pids
}

// awaitExits waits for the ends of all processes, and reads all events.
func (h *testKeeper) awaitExits(r *outputRun) {
	for _, o := range r.orders {
		h.findKind(o.GUID, KindExited) // the output came before
	}
}

// awaitMark waits until process 0 has come to the step of the fault.
func (r *outputRun) awaitMark() {
	check(r.control.SetReadDeadline(time.Now().Add(deadline)))
	_, err := r.control.Read(make([]byte, 1))
	check(err)
}

// inject does what the fault says.
func (r *outputRun) inject(h *testKeeper, pids []int) {
	switch r.Fault {
	case programKilled:
		_ = syscall.Kill(pids[0], syscall.SIGKILL) // the keeper may have waited for it
	case keeperKilled, keeperReplaced:
		check(syscall.Kill(h.PID(), syscall.SIGKILL))
	case keeperStopped:
		check(syscall.Kill(h.PID(), syscall.SIGSTOP))
		<-time.After(20 * time.Millisecond) // a pipe fills up
		check(syscall.Kill(h.PID(), syscall.SIGCONT))
	case logMoved:
		path := r.orders[0].Stdout.Path
		_ = os.Rename(path, path+".moved") // it may not be there yet
		check(h.ReopenLogs())
	}
}

// adoptAll starts a keeper in place of one that was killed.
func (r *outputRun) adoptAll(killed *testKeeper, pids []int) *testKeeper {
	starts := map[string]uint64{}
	for _, e := range killed.seen {
		if e.Kind == KindSpawned {
			starts[e.GUID] = e.StartTime
		}
	}
	k, err := Launch(Options{})
	check(err)
	h := &testKeeper{t: r.t, Keeper: k}
	for i, o := range r.orders {
		if r.Watched {
			check(h.WatchOutput(o.GUID, true))
		}
		check(h.Adopt(AdoptOrder{
			GUID: o.GUID, Incarnation: 1, PID: pids[i], StartTime: starts[o.GUID], Keep: true,
			Stdout: o.Stdout, Stderr: o.Stderr, RedirectStderr: o.RedirectStderr,
		}, nil, deadline))
	}
	return h
}

// checkLogs compares the logs with what was written.
func (r *outputRun) checkLogs(t *rapid.T) {
	decoders := map[string]*logDecoder{}
	for i, s := range r.Scripts {
		text := s.joinStreams()
		for n := range text {
			if n == 1 && s.Redirect {
				continue
			}
			path := r.logPath(r.dir, i, n)
			if decoders[path] == nil {
				decoders[path] = &logDecoder{stamps: r.Timestamps, torn: r.Fault == keeperKilled || r.Fault == keeperReplaced, streams: map[int]*logStream{}}
			}
			decoders[path].streams[s.Alphabet[n]] = &logStream{want: text[n]}
		}
	}
	for path, d := range decoders {
		text, err := readRotated(path, r.MaxBytes)
		if err == nil {
			err = d.decodeText(text)
		}
		if err != nil {
			t.Fatalf("%s: %v", filepath.Base(path), err)
		}
	}
	for i, s := range r.Scripts {
		written := s.readProgress()
		for n, text := range s.joinStreams() {
			if n == 1 && s.Redirect {
				continue
			}
			d := decoders[r.logPath(r.dir, i, n)]
			if err := r.checkStream(i, written[n], d.streams[s.Alphabet[n]].got, text); err != nil {
				t.Fatalf("process %d, stream %d, of which %d bytes were written: %v", i, n, written[n], err)
			}
		}
	}
}

// checkStream compares the bytes of a stream with the bytes that a process has
// written of want, and maybe one step more.
func (r *outputRun) checkStream(process, written int, got, want []byte) error {
	at, missing, err := findGap(got, want)
	if err != nil {
		return err
	}
	// got is a beginning of want, or one with the line end that a shared log adds to
	// the last line of a process; want may end with a line end too.
	ended := at+missing == len(want) || len(got) == at+1 && got[at] == '\n'
	killed := r.Fault == programKilled && process == 0 || r.Fault == initiatorKilled || r.Fault == keeperKilled
	switch {
	case !killed && written != len(want):
		return fmt.Errorf("the process should write %d bytes", len(want))
	case !r.Shared && r.Fault != keeperReplaced && len(got) != len(want)-missing:
		return fmt.Errorf("%d bytes, of which %d were written", len(got), len(want)-missing)
	case killed && !ended:
		return fmt.Errorf("%d bytes are missing at byte %d of %d", missing, at, len(want))
	case killed && at > written+r.Scripts[process].longestStep():
		return fmt.Errorf("%d bytes are in the log", at)
	case r.Fault == keeperKilled && written-at > r.mayBeLost(), r.Fault == keeperReplaced && missing > r.mayBeLost():
		return fmt.Errorf("%d bytes are missing at byte %d, more than %d", missing, at, r.mayBeLost())
	case r.Fault == keeperKilled || r.Fault == keeperReplaced:
	case killed && at < written, !killed && missing > 0:
		return fmt.Errorf("%d bytes are in the log: %d are missing at byte %d of %d", len(got), missing, at, len(want))
	}
	return nil
}
