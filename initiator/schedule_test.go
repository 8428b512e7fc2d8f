package initiator_test

import (
	"strings"
	"testing"
	"time"

	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
	"initiator/internal/testlength"
)

func TestScheduleRunsTasks(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, `
[worker:adder]
command = ${initiator:self} job sum

[schedule:tick]
every = 1s
task  = adder
data  = {"a": 20, "b": 22}
`)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		done, err := in.Client().List(t.Context(), task.Filter{Pool: "adder", State: task.Completed, Data: true})
		if err != nil {
			t.Fatal(err)
		}
		if len(done) >= 2 {
			for _, one := range done {
				if string(one.Result) != `{"sum":42}` || !strings.HasPrefix(one.Key, "schedule:tick:") {
					t.Errorf("%s %s", one.Key, one.Result)
				}
			}
			return
		}
		select {
		case <-tick.C:
		case <-time.After(testlength.Patience):
			t.Fatal("nothing is submitted")
		}
	}
}
