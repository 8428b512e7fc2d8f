package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"initiator/worker"
)

// addends is the input of sum. json.Number keeps 2 an integer and every number
// as exact as it was written. The pointers distinguish a missing member from
// 0.
type addends struct {
	A *json.Number `json:"a"`
	B *json.Number `json:"b"`
}

type total struct {
	Sum json.Number `json:"sum"`
}

// sum adds the members a and b: {"a":2,"b":3} becomes {"sum":5}. Without them the
// task fails with the result {"message": "ab not found"}. It is a TaskFail, because
// a plain error would be tried again, and another attempt gets the same data.
var sum = worker.Handle("sum", func(_ context.Context, in addends) (total, error) {
	if in.A == nil || in.B == nil {
		return total{}, worker.TaskFail{Data: map[string]any{"message": "ab not found"}}
	}
	s, err := addNumbers(string(*in.A), string(*in.B))
	if err != nil {
		return total{}, worker.TaskFail{Data: map[string]any{"message": err.Error(), "a": in.A, "b": in.B}}
	}
	return total{json.Number(s)}, nil
})

// addNumbers is exact for integers of any size, and adds other numbers as
// float64.
func addNumbers(a, b string) (string, error) {
	if x, ok := new(big.Int).SetString(a, 10); ok {
		if y, ok := new(big.Int).SetString(b, 10); ok {
			return x.Add(x, y).String(), nil
		}
	}
	x, errA := json.Number(a).Float64()
	y, errB := json.Number(b).Float64()
	if err := errors.Join(errA, errB); err != nil {
		return "", fmt.Errorf("a and b must be numbers: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	s, err := json.Marshal(x + y) // fails for infinity, which JSON does not have
	return string(s), err
}
