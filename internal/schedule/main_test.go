package schedule_test

import (
	"testing"

	"go.uber.org/goleak"

	"initiator/internal/testlength"
)

// TestMain: a check of the reckoning walks over every minute of ten years, and each
// costs a second with the race detector.
func TestMain(m *testing.M) {
	testlength.LowerRapidChecks(10)
	goleak.VerifyTestMain(m)
}
