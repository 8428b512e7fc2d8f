package task_test

import (
	"encoding/json"
	"errors"
	"testing"

	"initiator/initiator/task"
)

func TestErrOfARecord(t *testing.T) {
	for state, failed := range map[task.State]bool{
		task.Queued: false, task.Running: false, task.Completed: false, task.Failed: true, task.Cancelled: true, task.Dead: true,
	} {
		record := task.Task{Pool: "media", State: state, Reason: "the disk is full"}
		var failure *task.FailedError
		if err := record.Err(); errors.As(err, &failure) != failed || (err != nil) != failed {
			t.Errorf("%s: %v", state, err)
		} else if failed && (failure.Record.Reason != record.Reason || err.Error() != "task "+record.ID.String()+" of media is "+string(state)+": the disk is full") {
			t.Errorf("%s: %v of %+v", state, err, failure.Record)
		}
	}
}

func TestDecodeOfAResult(t *testing.T) {
	n := 7
	if err := (&task.Task{Result: json.RawMessage(`5`)}).Decode(&n); err != nil || n != 5 {
		t.Errorf("a number: %d, %v", n, err)
	}
	p := &n
	if err := (&task.Task{}).Decode(&p); err != nil || p != nil {
		t.Errorf("no result: %v, %v", p, err)
	}
	if err := (&task.Task{Result: json.RawMessage(`"x"`)}).Decode(&n); err == nil {
		t.Error("a text was decoded as a number")
	}
}
