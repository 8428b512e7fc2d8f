package testlength

import "os"

// variable is the environment variable that asks for the full length.
const variable = "INITIATOR_LONG_TESTS"

// Count returns full if INITIATOR_LONG_TESTS has a value, and bounded otherwise.
func Count(bounded, full int) int {
	if os.Getenv(variable) != "" {
		return full
	}
	return bounded
}
