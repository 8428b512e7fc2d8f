package task_test

import (
	"fmt"
	"testing"

	"initiator/initiator/task"
)

func TestDefinedNames(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, worker string }{ // "" = Define panics
		{"media.resize", "resize"},
		{"media.image.resize", "image.resize"},
		{"media", "default"},
		{"", ""},
		{".resize", ""},
		{"media.", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			defer func() {
				if p := recover(); (p != nil) != (test.worker == "") {
					t.Errorf("panic: %v", p)
				}
			}()
			m := task.Define[int, string](test.name)
			if m.String() != test.name || m.WorkerMethod() != test.worker {
				t.Errorf("%s: the worker offers %q, want %q", m, m.WorkerMethod(), test.worker)
			}
		})
	}
}

// Callers and workers share the definition of a method.
func ExampleDefine() {
	type Image struct {
		URL   string `json:"url"`
		Width int    `json:"width"`
	}
	resize := task.Define[Image, []byte]("media.resize")
	fmt.Println(resize)
	// Output: media.resize
}
