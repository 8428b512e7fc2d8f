// Package testlength says how often tests repeat what they do, and how long they wait. `go test ./...`
// repeats everything a bounded number of times; .ci/long repeats it at full
// length.
package testlength

// Files:
//
//	count.go    Count: how often
//	no_race.go  RaceDetector, without it
//	patience.go Patience: how long a test waits
//	race.go     RaceDetector, with it
//	rapid.go    LowerRapidChecks: how often rapid checks a property
