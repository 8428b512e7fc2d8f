// Package initiatortest gives Go tests real subprocesses that never leak.
//
//	func TestAdder(t *testing.T) {
//		in := initiatortest.Start(t, "testdata/quickstart.ini")
//		got := in.Call("adder", `{"a": 2, "b": 3}`)
//		…
//	}
//
// Start returns when every worker of the INI is ready, on a port that nobody
// else has. At the end of the test everything is stopped; when the test has
// failed, its output shows what the initiator and its workers wrote. Nothing is
// left behind in any case: a panic, a timeout or SIGKILL of the test binary
// ends the initiator, and then the keeper ends every worker with all of its
// descendants.
//
//	start.go  from the INI to a running house, and back
//	house.go  what a test asks of it
//	output.go what a failed test shows
package initiatortest
