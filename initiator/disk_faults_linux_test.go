package initiator_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"

	"initiator/initiator/client"
	"initiator/initiator/task"
	"initiator/internal/testlength"
)

// mountNamespace is a place with mounts of its own: nobody else sees them, and they are
// waitNoProcess with the last process in there.
type mountNamespace struct {
	t    *testing.T
	work chan func()
	dir  string // state is mounted in it
}

func newMountNamespace(t *testing.T) *mountNamespace {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("a file system of its own takes root to mount")
	}
	d := &mountNamespace{t: t, work: make(chan func()), dir: t.TempDir()}
	if err := os.Mkdir(d.state(), 0o700); err != nil {
		t.Fatal(err)
	}
	made := make(chan error)
	go func() {
		runtime.LockOSThread() // and never back: the thread ends with its mounts
		err := unix.Unshare(unix.CLONE_NEWNS)
		if err == nil {
			err = unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
		}
		made <- err
		for f := range d.work {
			f()
		}
	}()
	t.Cleanup(func() { close(d.work) })
	if err := <-made; err != nil {
		t.Skipf("no mounts of its own: %v", err)
	}
	return d
}

func (d *mountNamespace) state() string { return filepath.Join(d.dir, "state") }

// in calls f inside.
func (d *mountNamespace) in(f func() error) error {
	done := make(chan error)
	d.work <- func() { done <- f() }
	return <-done
}

// run runs a command inside.
func (d *mountNamespace) run(argv ...string) error {
	return d.in(func() error {
		out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%q: %w: %s", argv, err, out)
		}
		return nil
	})
}

// diskInitiator is an initiator in a mount namespace, and the tasks that it has
// acknowledged.
type diskInitiator struct {
	*mountNamespace
	harness *restartHarness
	root    string // of the mount namespace, as seen from here
	client  *client.Client
	acked   map[uuid.UUID]bool
	also    string // problems in /healthz beside "storage", as JSON with a comma
}

const twoPoolsINI = `
[worker:adder]
command = ${initiator:self} job sum

[worker:resting]
command   = ${initiator:self} job echo
autostart = false
`

func (d *mountNamespace) up() *diskInitiator {
	d.t.Helper()
	harness := newRestartHarnessIn(d.t, d.dir, twoPoolsINI)
	harness.startCmd = func(c *exec.Cmd) error { return d.in(c.Start) }
	harness.startReady()
	h := &diskInitiator{mountNamespace: d, harness: harness, acked: map[uuid.UUID]bool{}, root: filepath.Join("/proc", fmt.Sprint(harness.cmd.Process.Pid), "root")}
	h.client = client.New(filepath.Join(h.root, d.state(), "initiator.sock"))
	d.t.Cleanup(h.client.Close)
	return h
}

// submit queues a task of a pool without a running worker.
func (h *diskInitiator) submit() error {
	data := []byte(`"` + strings.Repeat("x", 20_000) + `"`)
	got, err := h.client.Submit(h.t.Context(), task.Request{Pool: "resting", Data: data})
	if err == nil {
		h.acked[got.ID] = true
	}
	return err
}

// health returns what /healthz answers without a token.
func (h *diskInitiator) health() string {
	h.t.Helper()
	status, err := h.client.Status(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	res, err := http.Get(status.URL + "/healthz")
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		h.t.Fatalf("/healthz: %s, %v", res.Status, err)
	}
	return strings.TrimSpace(string(body))
}

// expectRefusals submits until a task is refused, and checks how.
func (h *diskInitiator) expectRefusals(words ...string) {
	h.t.Helper()
	var err error
	for n := 0; err == nil; n++ {
		if err = h.submit(); n > 10_000 {
			h.t.Fatal("it accepts every task")
		}
	}
	var e *client.Error
	if !errors.As(err, &e) || e.Status != http.StatusServiceUnavailable || e.Code == 0 {
		h.t.Fatalf("%#v", err)
	}
	for _, w := range words {
		if !strings.Contains(e.Message, w) {
			h.t.Errorf("refused with %q, without %q", e.Message, w)
		}
	}
	status, err := h.client.Status(h.t.Context())
	if err != nil || !strings.Contains(status.StorageError, "cannot be stored now") {
		h.t.Errorf("status says %q, %v", status.StorageError, err)
	}
	if got := h.health(); got != `{"status":"degraded","problems":[`+h.also+`"storage"]}` {
		h.t.Errorf("/healthz: %s", got)
	}
	for id := range h.acked { // tasks that are stored can be read meanwhile
		if _, err := h.client.Task(h.t.Context(), id); err != nil {
			h.t.Error(err)
		}
		break
	}
}

// expectRecovery submits until a task is accepted.
func (h *diskInitiator) expectRecovery() {
	h.t.Helper()
	ctx, stop := context.WithTimeout(h.t.Context(), testlength.Patience)
	defer stop()
	err := h.submit()
	for tick := time.NewTicker(20 * time.Millisecond); err != nil && ctx.Err() == nil; err = h.submit() {
		<-tick.C
	}
	if err != nil {
		h.t.Fatalf("with room again: %v", err)
	}
	got, err := h.client.Submit(ctx, task.Request{Pool: "adder", Data: []byte(`{"a":1,"b":2}`)})
	if err == nil {
		got, err = whateverEnd(h.client.Wait(ctx, got.ID))
	}
	if err != nil || got.State != task.Completed {
		h.t.Fatalf("work goes on with %+v, %v", got, err)
	}
}

// expectTasks checks that every acknowledged task is stored.
func (h *diskInitiator) expectTasks(acked map[uuid.UUID]bool) {
	h.t.Helper()
	if len(acked) == 0 {
		h.t.Error("nothing was acknowledged")
	}
	for id := range acked {
		if got, err := h.client.Task(h.t.Context(), id); err != nil || got.State != task.Queued || len(got.Data) != 20_002 {
			h.t.Fatalf("acknowledged: %+v, %v", got, err)
		}
	}
}

// Without room on the disk tasks are refused with the reason. With room again the
// work goes on, and no acknowledged task is missing.
func TestDiskFillsUp(t *testing.T) {
	d := newMountNamespace(t)
	if err := d.in(func() error { return unix.Mount("tmpfs", d.state(), "tmpfs", 0, "size=4m") }); err != nil {
		t.Fatal(err)
	}
	h := d.up()
	h.expectRecovery()
	h.expectRefusals("make room", "no space left on device")
	room := fillFileSystem(t, filepath.Join(h.root, d.state()))
	h.expectRefusals("make room", "no space left on device")
	room()
	if err := d.in(func() error { return unix.Mount("", d.state(), "", unix.MS_REMOUNT, "size=16m") }); err != nil {
		t.Fatal(err)
	}
	h.expectRecovery()
	h.expectTasks(h.acked)
	h.harness.killProgram()
	next := d.up()
	next.expectTasks(h.acked)
	next.expectRecovery()
}

// An initiator does not start on a read-only mount, says why, and changes nothing.
func TestReadOnlyMount(t *testing.T) {
	d := newMountNamespace(t)
	if err := d.in(func() error { return unix.Mount("tmpfs", d.state(), "tmpfs", 0, "size=4m") }); err != nil {
		t.Fatal(err)
	}
	h := d.up()
	h.expectRecovery()
	h.harness.killProgram()
	remount := func(flags uintptr) error {
		return d.in(func() error { return unix.Mount("", d.state(), "", unix.MS_REMOUNT|flags, "") })
	}
	for tick := time.NewTicker(5 * time.Millisecond); remount(unix.MS_RDONLY) != nil; <-tick.C { // until the keeper has ended too
		if t.Context().Err() != nil {
			t.Fatal("a process still writes to the mount")
		}
	}
	cmd := exec.Command(os.Args[0], "up", filepath.Join(d.dir, "initiator.ini"), d.state())
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := d.in(cmd.Start); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if text := out.String(); !strings.Contains(text, "read-only file system") || !strings.Contains(text, "state_dir") {
		t.Errorf("it says %q", text)
	}
	if err := remount(0); err != nil {
		t.Fatal(err)
	}
	next := d.up()
	next.expectTasks(h.acked)
	next.expectRecovery()
}

// A broken disk is a file system that the kernel makes read-only while it is used.
func TestDiskGoesReadOnly(t *testing.T) {
	d := newMountNamespace(t)
	image := filepath.Join(d.dir, "image")
	if err := errors.Join(os.WriteFile(image, nil, 0o600), os.Truncate(image, 16<<20)); err != nil {
		t.Fatal(err)
	}
	mount := []string{"mount", "-o", "loop,errors=remount-ro", image, d.state()}
	if err := errors.Join(d.run("mkfs.ext4", "-q", image), d.run(mount...)); err != nil {
		t.Skipf("no file system in a file here: %v", err)
	}
	h := d.up()
	h.expectRecovery()
	var at unix.Stat_t
	if err := d.in(func() error { return unix.Stat(d.state(), &at) }); err != nil {
		t.Fatal(err)
	}
	device, err := os.Readlink(fmt.Sprintf("/sys/dev/block/%d:%d", unix.Major(at.Dev), unix.Minor(at.Dev)))
	if err == nil {
		err = os.WriteFile(filepath.Join("/sys/fs/ext4", filepath.Base(device), "trigger_fs_error"), []byte("1"), 0o200)
	}
	if err != nil {
		t.Skipf("this kernel breaks no file system on demand: %v", err)
	}
	h.expectRefusals("see to the disk")
	h.harness.killProgram()
	for tick := time.NewTicker(5 * time.Millisecond); d.run("umount", d.state()) != nil; <-tick.C { // until the keeper has ended too
		if t.Context().Err() != nil {
			t.Fatal("a process still uses the mount")
		}
	}
	_ = d.run("fsck.ext4", "-fy", image) // its exit code says that it has repaired something
	if err := d.run(mount...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.run("umount", "-l", d.state()) })
	next := d.up()
	next.expectTasks(h.acked)
	next.expectRecovery()
}

// An initiator starts on a full disk: its workers run, and tasks are refused until
// there is room. It was killed before its disk was full, or never ran.
func TestStartOnAFullDisk(t *testing.T) {
	for _, first := range []bool{true, false} {
		d := newMountNamespace(t)
		if err := d.in(func() error { return unix.Mount("tmpfs", d.state(), "tmpfs", 0, "size=4m") }); err != nil {
			t.Fatal(err)
		}
		acked := map[uuid.UUID]bool{}
		if !first {
			h := d.up()
			if err := h.submit(); err != nil {
				t.Fatal(err)
			}
			acked = h.acked
			h.harness.killProgram()
		}
		if err := d.in(func() error { _ = fillFileSystem(t, d.state()); return nil }); err != nil {
			t.Fatal(err)
		}
		h := d.up() // waits for the workers
		if first {
			h.also = `"damaged_state_file_token",` // it cannot be stored
		}
		h.expectRefusals("make room", "no space left on device")
		if err := d.in(func() error { return os.Remove(filepath.Join(d.state(), "ballast")) }); err != nil {
			t.Fatal(err)
		}
		h.expectRecovery()
		if !first {
			h.expectTasks(acked)
		}
		h.harness.killProgram()
	}
}
