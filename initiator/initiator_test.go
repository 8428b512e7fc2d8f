package initiator_test

import (
	"testing"

	"initiator/initiator/initiatortest"
)

func TestFirstLight(t *testing.T) {
	in := initiatortest.Start(t, "../testdata/quickstart.ini")
	if got := in.Call("adder", `{"a":2,"b":3}`); got != `{"sum":5}` {
		t.Errorf("got %s", got)
	}
}
