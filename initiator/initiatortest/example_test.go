package initiatortest_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"initiator/initiator/initiatortest"
)

const adderINI = `
[worker:adder]
command = ${initiator:self} job sum
`

// A test starts real workers and uses them. At its end every process is gone.
func Example() {
	testAdder := func(t testing.TB) {
		in := initiatortest.StartText(t, adderINI)
		fmt.Println(in.Call("adder", map[string]int{"a": 2, "b": 3}))
	}
	runTest("Example", testAdder)
	// Output: {"sum":5}
}

// runTest runs a test function outside `go test`, for the example.
func runTest(name string, f func(testing.TB)) {
	t := &exampleTB{name: name}
	defer t.runCleanups()
	f(t)
}

// exampleTB is the part of testing.TB that initiatortest uses.
type exampleTB struct {
	testing.TB // nil: other methods panic
	name       string
	cleanups   []func()
	failed     bool
}

func (t *exampleTB) Name() string           { return t.name }
func (*exampleTB) Helper()                  {}
func (*exampleTB) Context() context.Context { return context.Background() }
func (t *exampleTB) Cleanup(f func())       { t.cleanups = append(t.cleanups, f) }
func (t *exampleTB) Failed() bool           { return t.failed }
func (*exampleTB) Logf(f string, a ...any)  { fmt.Printf(f+"\n", a...) }

func (t *exampleTB) Errorf(f string, a ...any) {
	t.failed = true
	t.Logf(f, a...)
}

func (t *exampleTB) Fatalf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }

func (t *exampleTB) Fatal(a ...any) { panic(fmt.Sprint(a...)) }

func (t *exampleTB) TempDir() string {
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (t *exampleTB) runCleanups() {
	for i := len(t.cleanups) - 1; i >= 0; i-- {
		t.cleanups[i]()
	}
}
