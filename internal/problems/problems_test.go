package problems_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"initiator/initiator/report"
	"initiator/internal/problems"
)

func TestList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l problems.List
		begin := time.Now()
		if !l.Add("b", "one") || !l.Add("a", "two") {
			t.Error("a new problem is no news")
		}
		time.Sleep(time.Second) //nolint:forbidigo // in a bubble
		if l.Add("b", "one") {
			t.Error("a known problem is news")
		}
		if !l.Add("b", "other") {
			t.Error("another reason is no news")
		}
		want := []report.Problem{{Name: "a", Reason: "two", Since: begin}, {Name: "b", Reason: "other", Since: begin}}
		if got := l.All(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%v, want %v", got, want)
		}
		if l.Remove("c") || !l.Remove("a") || len(l.All()) != 1 {
			t.Error("Remove removes another problem")
		}
	})
}
