package initiatortest_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"initiator/initiator/initiatortest"
)

// TestMain plays the test binary of a user where rehearsal is set, and is prepared to
// be a worker otherwise.
func TestMain(m *testing.M) {
	if name := os.Getenv(rehearsalVariable); name != "" {
		rehearse(m, name)
		return
	}
	initiatortest.Main(nil)
	goleak.VerifyTestMain(m)
}
