package task_test

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// A request is written as JSON for the initiator's HTTP interface, and a record is
// read from its answer. Fields that are not set take the pool's default.
func Example() {
	priority, timeout := 7, task.Seconds(90*time.Second)
	request := task.Request{
		ID:       uuid.MustParse("018f2f6e-0000-7000-8000-000000000001"),
		Pool:     "adder",
		Data:     json.RawMessage(`{"a":2,"b":3}`),
		Priority: &priority,
		Timeout:  &timeout,
	}
	body, err := json.Marshal(request)
	fmt.Println(string(body), err)

	answer := `{"id":"018f2f6e-0000-7000-8000-000000000001","pool":"adder","state":"completed","result":{"sum":5}}`
	var record task.Task
	err = json.Unmarshal([]byte(answer), &record)
	fmt.Println(record.State, record.State.Terminal(), string(record.Result), err)
	// Output:
	// {"id":"018f2f6e-0000-7000-8000-000000000001","pool":"adder","data":{"a":2,"b":3},"priority":7,"timeout":90} <nil>
	// completed true {"sum":5} <nil>
}

// A name may be a pool, or a pool and a method of it.
func ExampleSplitMethod() {
	isPool := func(name string) bool { return name == "adder" }
	fmt.Println(task.SplitMethod("adder.Sum", isPool))
	// Output: adder Sum true
}
