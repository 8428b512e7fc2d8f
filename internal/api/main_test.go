package api_test

import (
	"testing"

	"go.uber.org/goleak"

	"initiator/internal/testjob"
)

// TestMain makes the test binary what ${initiator:self} is in an INI.
func TestMain(m *testing.M) {
	testjob.RunIfAsked()
	goleak.VerifyTestMain(m)
}
