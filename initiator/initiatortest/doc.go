// Package initiatortest gives Go tests real subprocesses that never leak.
//
//	func TestAdder(t *testing.T) {
//		s := initiatortest.Start(t, "testdata/quickstart.ini")
//		got := s.Call("adder", map[string]int{"a": 2, "b": 3})
//		…
//	}
//
// Start runs an initiator inside the test's own process. It returns when every
// worker of the INI is ready, or has ended as it should, on a port that no other
// process uses. At the end of the test everything is stopped. When the test has
// failed, its output shows what the initiator and its workers wrote. Parallel tests
// do not see each other: each Start has ports, a state directory and temporary files
// of its own. A subtest uses the result of With.
//
// Handlers of package worker need neither an INI nor a program of their own:
// StartHandlers runs them in a process that is the test binary itself.
// To call a handler without a process, use package worker/workertest.
//
// The test binary can also be a worker of an INI, as ${initiator:self}, when its
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
//	start.go           Start and StartText: from an INI to a running initiator
//	start_handlers.go  StartHandlers: the test in a process of its own, as a worker
//	options.go         Option: what Start is told
//	server.go          Server: what a test does with the initiator
//	lifetime.go        … from one Run of the initiator to the next, and its end
//	failure.go         With: which test a method fails, and in which goroutine
//	output.go          what a failed test shows
//	main.go            Main: the test binary as a worker, and no test that starts itself
