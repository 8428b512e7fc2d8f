package queue_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"initiator/initiator/task"
	"initiator/internal/bounds"
	"initiator/internal/queue"
)

func TestRequestIsChecked(t *testing.T) {
	now := time.Now()
	ten, none := 10, -1
	negative := task.Seconds(-1)
	tests := map[string]struct {
		request task.Request
		want    string
	}{
		"no pool":           {task.Request{}, `"pool" is missing`},
		"long data":         {task.Request{Pool: "p", Data: make([]byte, bounds.Data+1)}, "write the data to a file"},
		"long key":          {task.Request{Pool: "p", Key: strings.Repeat("k", 256)}, `"key" has 256 bytes; at most 255`},
		"high priority":     {task.Request{Pool: "p", Priority: &ten}, `"priority" is 10`},
		"low priority":      {task.Request{Pool: "p", Priority: &none}, `"priority" is -1`},
		"negative delay":    {task.Request{Pool: "p", Delay: -1}, `"delay" is -1ns`},
		"two times":         {task.Request{Pool: "p", Delay: 1, At: now}, `"delay" and "at" are both given`},
		"negative timeout":  {task.Request{Pool: "p", Timeout: &negative}, `"timeout" is -1ns`},
		"negative attempts": {task.Request{Pool: "p", Attempts: -1}, `"attempts" is -1`},
		"past deadline":     {task.Request{Pool: "p", Deadline: now.Add(-time.Second)}, "has already passed"},
		"early deadline":    {task.Request{Pool: "p", Delay: task.Seconds(time.Hour), Deadline: now.Add(time.Minute)}, `is not after the start of the task: "delay" ends at`},
		"early, with at":    {task.Request{Pool: "p", At: now.Add(time.Hour), Deadline: now.Add(time.Minute)}, `is not after the start of the task: "at" is`},
		"deadline at start": {task.Request{Pool: "p", At: now.Add(time.Hour), Deadline: now.Add(time.Hour)}, `is not after`},
		"deep data":         {task.Request{Pool: "p", Data: json.RawMessage(strings.Repeat("[", 1001) + strings.Repeat("]", 1001))}, `"data": its arrays and objects are nested more than 1000 deep`},
		"deeper data":       {task.Request{Pool: "p", Data: json.RawMessage(strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000))}, `nested more than 1000 deep`},
		"not JSON":          {task.Request{Pool: "p", Data: json.RawMessage(`{a}`)}, `"data" is not JSON`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := queue.NewTask(test.request, now, task.Policy{})
			if !errors.Is(err, task.ErrInvalid) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want ErrInvalid with %q", err, test.want)
			}
		})
	}
}

func TestRequestTakesThePoolsPolicy(t *testing.T) {
	pool := task.Policy{Timeout: task.Seconds(time.Minute), Attempts: 3, RetryDelay: task.Seconds(time.Second)}
	own := task.Seconds(0)
	got, err := queue.NewTask(task.Request{Pool: "p", Timeout: &own, Attempts: 7}, time.Now(), pool)
	if err != nil {
		t.Fatal(err)
	}
	if want := (task.Policy{Attempts: 7, RetryDelay: task.Seconds(time.Second)}); got.Policy != want {
		t.Errorf("policy %+v, want %+v: an explicit zero timeout means none", got.Policy, want)
	}
	if string(got.Data) != "null" || got.Priority != task.DefaultPriority {
		t.Errorf("data %s, priority %d", got.Data, got.Priority)
	}
}

func TestSameKeyIsTheSameTask(t *testing.T) {
	id := func(pool, key string) string {
		got, err := queue.NewTask(task.Request{Pool: pool, Key: key}, time.Now(), task.Policy{})
		if err != nil {
			t.Fatal(err)
		}
		return got.ID.String()
	}
	first, again := id("p", "k"), id("p", "k")
	if first != again {
		t.Error("the same key of the same pool must give one id")
	}
	one, another := id("p", ""), id("p", "")
	if first == id("q", "k") || first == id("p", "l") || one == another {
		t.Error("another pool, another key or no key must give another id")
	}
}
