package dispatch

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue"
)

// Exported tasks go on in another initiator: each once, in the order of submit,
// with parents, keys and callbacks.
func TestExportedTasksGoOnInAnotherQueue(t *testing.T) {
	t.Parallel()
	from, to := newTestDispatcher(t, newPool("p"), newPool("gone")), newTestDispatcher(t, newPool("p"))
	var want []uuid.UUID
	for n := range 2*listStep + 10 {
		want = append(want, from.mustSubmit(task.Request{Pool: "p", Data: fmt.Append(nil, n)}).ID)
	}
	big := rawJSON(`"` + strings.Repeat("x", listBytes) + `"`)
	for range 3 {
		want = append(want, from.mustSubmit(task.Request{Pool: "p", Data: big}).ID)
	}
	orphan := from.mustSubmit(task.Request{Pool: "gone"})
	r := startCallbackReceiver(t, alwaysStatus(204))
	owed := from.mustSubmit(task.Request{Pool: "p", Callback: r.URL, Priority: new(int)})
	want = append(want, owed.ID)

	var out []task.Task
	if err := from.d.Export(from.ctx, func(s *queue.TaskReader) error { err := s.AddPayloads(); out = append(out, s.Task); return err }); err != nil {
		t.Fatal(err)
	}
	got, err := to.d.Import(to.ctx, out)
	if err != nil || len(got) != len(want)+1 {
		t.Fatal(len(got), err)
	}
	var unknown *UnknownPoolError
	var taken []uuid.UUID
	for i, v := range got {
		switch {
		case errors.As(v.Err, &unknown) && out[i].ID == orphan.ID:
		case v.Err != nil || v.Task.Known:
			t.Errorf("%+v", v)
		default:
			taken = append(taken, v.Task.ID)
		}
	}
	if fmt.Sprint(taken) != fmt.Sprint(want) {
		t.Error("not the order in which they were submitted")
	}
	if again, err := to.d.Import(to.ctx, out[:2]); err != nil || !again[0].Task.Known || !again[1].Task.Known {
		t.Errorf("again: %+v, %v", again, err)
	}
	to.attachWorker("p", "w", 4, echo)
	for _, id := range want {
		if one := to.mustWait(id); one.State != task.Completed || len(one.History) != 1 {
			t.Errorf("%s: %s after %d tries", id, one.State, len(one.History))
		}
	}
	if one := r.next(t); one.task.ID != owed.ID {
		t.Errorf("called with %s", one.body)
	}
}

// A pending callback of an imported task is sent here.
func TestTheCallbackOfAnImportedTaskIsSent(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	r := startCallbackReceiver(t, alwaysStatus(204))
	ended, err := queue.ParseExportLine(fmt.Appendf(nil, `{"id":"0190b8a0-0000-7000-8000-000000000006","pool":"p","state":"dead","callback":%q,"callback_state":"pending"}`, r.URL))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := h.d.Import(h.ctx, []task.Task{ended}); err != nil || got[0].Err != nil {
		t.Fatal(got, err)
	}
	if one := r.next(t); one.task.ID != ended.ID {
		t.Errorf("called with %s", one.body)
	}
	h.waitUntil(ended.ID, "is delivered", isDelivered)
}

// An export stops when its reader fails.
func TestExportEndsWithItsReader(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	for range listStep + 1 {
		h.mustSubmit(task.Request{Pool: "p"})
	}
	full, calls := errors.New("the disk is full"), 0
	if err := h.d.Export(h.ctx, func(*queue.TaskReader) error { calls++; return full }); !errors.Is(err, full) || calls != 1 {
		t.Errorf("%d calls: %v", calls, err)
	}
}
