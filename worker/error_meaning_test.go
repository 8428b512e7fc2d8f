//go:build unix

package worker

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// TestJudgeError shows what a master is sent for an error of a handler.
func TestJudgeError(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	order := map[string]int{"order": 7}
	const final, again, snoozed = "final", "again", "snoozed"
	tests := map[string]struct {
		err    error
		want   string
		result string
	}{
		"a plain error":              {boom, again, `{"message":"boom"}`},
		"a wrapped error":            {fmt.Errorf("load: %w", boom), again, `{"message":"load: boom"}`},
		"a fault of the library":     {finalError{boom}, final, `{"message":"boom"}`},
		"permanent":                  {Permanent(boom), final, `{"message":"boom"}`},
		"wrapped permanent":          {fmt.Errorf("load: %w", Permanent(boom)), final, `{"message":"load: boom"}`},
		"joined permanent":           {errors.Join(boom, Permanent(errors.New("gone"))), final, `{"message":"boom\ngone"}`},
		"permanent keeps data":       {Permanent(TaskFail{Data: order, Retry: true}), final, `{"order":7}`},
		"permanent around a delay":   {Permanent(RetryAfter(boom, time.Second)), final, `{"message":"boom"}`},
		"retry after":                {RetryAfter(boom, 1500*time.Millisecond), again, `{"message":"boom","retry_after":1.5}`},
		"a delay below a ms":         {RetryAfter(boom, 1), again, `{"message":"boom","retry_after":0.001}`},
		"no delay":                   {RetryAfter(boom, 0), again, `{"message":"boom"}`},
		"wrapped retry after":        {fmt.Errorf("load: %w", RetryAfter(boom, time.Second)), again, `{"message":"load: boom","retry_after":1}`},
		"joined retry after":         {errors.Join(boom, RetryAfter(errors.New("slow down"), time.Second)), again, `{"message":"boom\nslow down","retry_after":1}`},
		"retry after keeps data":     {RetryAfter(TaskFail{Data: order}, time.Second), again, `{"order":7,"retry_after":1}`},
		"the first mark decides":     {errors.Join(RetryAfter(boom, time.Second), Permanent(boom)), again, `{"message":"boom\nboom","retry_after":1}`},
		"the outer mark decides":     {RetryAfter(Permanent(boom), time.Second), again, `{"message":"boom","retry_after":1}`},
		"snooze":                     {Snooze(time.Minute), snoozed, `{"retry_after":60,"snooze":true}`},
		"snooze at once":             {Snooze(0), snoozed, `{"retry_after":0.001,"snooze":true}`},
		"wrapped snooze":             {fmt.Errorf("not ready: %w", Snooze(time.Minute)), snoozed, `{"message":"not ready: snooze for 1m0s","retry_after":60,"snooze":true}`},
		"joined snooze":              {errors.Join(boom, Snooze(time.Second)), snoozed, `{"message":"boom\nsnooze for 1s","retry_after":1,"snooze":true}`},
		"permanent around a snooze":  {Permanent(fmt.Errorf("too often: %w", Snooze(time.Second))), final, `{"message":"too often: snooze for 1s"}`},
		"a failure":                  {TaskFail{}, final, `{}`},
		"a failure by pointer":       {&TaskFail{Data: order}, final, `{"order":7}`},
		"a failure with an error":    {TaskFail{Data: order, Err: boom}, final, `{"message":"boom","order":7}`},
		"an error in an error":       {TaskFail{Err: fmt.Errorf("load: %w", boom), Retry: true}, again, `{"message":"load: boom"}`},
		"a failure around a delay":   {TaskFail{Err: RetryAfter(boom, time.Second), Retry: true}, again, `{"message":"boom","retry_after":1}`},
		"a final one around a delay": {TaskFail{Err: RetryAfter(boom, time.Second)}, final, `{"message":"boom"}`},
		"a wrapped failure":          {fmt.Errorf("database is down: %w", TaskFail{Retry: true}), again, `{"message":"database is down: task failed"}`},
		"its own message":            {fmt.Errorf("load: %w", TaskFail{Data: map[string]string{"message": "busy"}}), final, `{"message":"busy"}`},
		"a joined failure":           {errors.Join(boom, TaskFail{Data: order, Retry: true}), again, `{"message":"boom\ntask failed","order":7}`},
		"data that is no object":     {TaskFail{Data: "x", Err: boom}, final, `{"data":"x","message":"boom"}`},
		"data that is no JSON":       {TaskFail{Data: func() {}, Retry: true}, final, `{"message":"task failed; the data of the failure cannot be encoded as JSON: json: unsupported type: func()"}`},
		"a late refusal":             {TaskRefuse{Data: order, RetryAfter: time.Second}, again, `{"order":7,"retry_after":1}`},
		"the end of the context":     {context.Canceled, again, `{"message":"the worker is stopping"}`},
		"permanent at the end of it": {Permanent(fmt.Errorf("read: %w", context.Canceled)), final, `{"message":"read: context canceled: the worker is stopping"}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := failureOutcome(test.err, ErrStopping)
			end := final
			switch {
			case got.Snoozed && got.Retry:
				end = snoozed
			case got.Retry:
				end = again
			}
			if end != test.want || string(got.Result) != test.result {
				t.Errorf("%s %s\nwant %s %s", end, got.Result, test.want, test.result)
			}
		})
	}
}

func TestMarksOfNoErrorAreNil(t *testing.T) {
	t.Parallel()
	if Permanent(nil) != nil || RetryAfter(nil, time.Second) != nil {
		t.Error("a mark around nil is an error")
	}
	boom := errors.New("boom")
	for _, err := range []error{Permanent(boom), RetryAfter(boom, time.Second), TaskFail{Err: boom}} {
		if !errors.Is(err, boom) || err.Error() != "boom" {
			t.Errorf("%T hides its error: %v", err, err)
		}
	}
}
