package testlength

import (
	"flag"
	"strconv"
)

// LowerRapidChecks makes package rapid check each property n times with the race
// detector, instead of 100 times. TestMain calls it before the tests; the flag
// -rapid.checks has precedence.
func LowerRapidChecks(n int) {
	if RaceDetector {
		_ = flag.Set("rapid.checks", strconv.Itoa(n)) // fails only without rapid
	}
}

// SetRapidChecks makes package rapid check each property bounded times, or full
// times at full length, instead of 100 times. TestMain calls it before the tests;
// the flag -rapid.checks has precedence.
func SetRapidChecks(bounded, full int) {
	_ = flag.Set("rapid.checks", strconv.Itoa(Count(bounded, full))) // fails only without rapid
}
