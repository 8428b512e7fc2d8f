// Package initiatortest gives Go tests real subprocesses that never leak.
//
//	func TestAdder(t *testing.T) {
//		in := initiatortest.Start(t, "testdata/quickstart.ini")
//		got := in.Call("adder", `{"a": 2, "b": 3}`)
//		…
//	}
//
// Start runs an initiator inside the test's own process. It returns when every
// worker of the INI is ready, or has ended as it should, on a port that no other
// process uses. At the end
// of the test everything is stopped. When the test has failed, its output shows
// what the initiator and its workers wrote.
//
// The test binary itself can be a worker, as ${initiator:self} in the INI, when its
// TestMain calls Main:
//
//	func TestMain(m *testing.M) { initiatortest.Main(m, worker.Handle("double", double)) }
//
// No process is left behind in any case: when a panic, a timeout or SIGKILL ends
// the test binary, the initiator ends with it, and then the keeper ends every
// worker with all of its descendants.
package initiatortest

// Files:
//
//	main.go       Main: the test binary as a worker, and no test that starts itself
//	start.go      Start and its variants: from an INI to a running initiator
//	initiator.go  Initiator: what a test does with it, and its end
//	failure.go    With: which test a method fails, and in which goroutine
//	output.go     what a failed test shows
