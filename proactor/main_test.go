package proactor

import (
	"testing"

	"go.uber.org/goleak"
)

// testsWithOracle ends the oracle's process after the tests and before goleak looks.
type testsWithOracle struct{ *testing.M }

func (m testsWithOracle) Run() int {
	defer python.close()
	return m.M.Run()
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(testsWithOracle{m}) }
