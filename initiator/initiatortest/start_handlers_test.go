package initiatortest_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"initiator/initiator/initiatortest"
	"initiator/worker"
)

// TestStartHandlers: subtests run closures in processes of their own at the same time.
func TestStartHandlers(t *testing.T) {
	t.Parallel()
	for _, factor := range []int{2, 3} {
		t.Run(fmt.Sprintf("times %d, {in} 'ü$\"", factor), func(t *testing.T) {
			t.Parallel()
			multiply := worker.Handle("multiply", func(_ context.Context, n int) (int, error) { return factor * n, nil })
			pid := worker.Handle("pid", func(context.Context, any) (int, error) { return os.Getpid(), nil })
			directory := worker.Handle("directory", func(context.Context, any) (string, error) { return os.Getwd() })
			t.TempDir() // in the worker, too

			s := initiatortest.StartHandlers(t, []worker.Handler{multiply, pid, directory})
			if got, want := s.Call("handlers.multiply", 7), strconv.Itoa(7*factor); got != want {
				t.Errorf("%s, want %s", got, want)
			}
			if got := s.Call("handlers.pid", nil); got == strconv.Itoa(os.Getpid()) {
				t.Error("the handler runs in the process of the test")
			}
			if got := s.Call("handlers.directory", nil); !strings.HasSuffix(got, `/initiatortest"`) {
				t.Errorf("the handler runs in %s", got)
			}
		})
	}
}

// A handler runs in a real process, which is the test binary with this test only.
func ExampleStartHandlers() {
	test := func(t testing.TB) {
		greet := worker.Handle("greet", func(_ context.Context, name string) (string, error) {
			return "Hello, " + name + "!", nil
		})
		s := initiatortest.StartHandlers(t, []worker.Handler{greet})
		fmt.Println(s.Call("handlers.greet", "Ada"))
	}
	runTest("ExampleStartHandlers", test)
	// Output: "Hello, Ada!"
}
