package proactor

import (
	"errors"
	"strings"
	"testing"
)

func TestFaultNamesItsPlace(t *testing.T) {
	for _, test := range []struct {
		fault Fault
		want  string
	}{
		{Fault{File: "a.ini", Line: 3, Section: "s", Key: "k", Problem: "bad", Remedy: "write x"}, "a.ini:3: s, k: bad; write x"},
		{Fault{File: "a.ini", Line: 3, Section: "s", Problem: "bad"}, "a.ini:3: s: bad"},
		{Fault{File: "a.ini", Problem: "bad"}, "a.ini: bad"},
		{Fault{Problem: "bad"}, "bad"},
	} {
		if got := test.fault.Error(); got != test.want {
			t.Errorf("Error() = %q, want %q", got, test.want)
		}
	}
}

func TestFaultsAreSortedAndSaidOnce(t *testing.T) {
	err := Faults{
		{File: "b", Line: 1, Problem: "four"},
		{File: "a", Line: 10, Problem: "three"},
		{File: "a", Line: 2, Section: "x", Problem: "two"},
		{File: "a", Line: 2, Section: "y", Problem: "two"},
		{File: "a", Line: 1, Problem: "one"},
	}.Err()
	want := "a:1: one\na:2: x: two\na:10: three\nb:1: four"
	if err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	if err := (Faults{}).Err(); err != nil {
		t.Errorf("no faults are the error %v", err)
	}
}

func TestThousandsOfFaultsStayReadable(t *testing.T) {
	_, err := ParseConfig("x.ini", []byte("[a]\n"+strings.Repeat("= 1\n", 5000)))
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != shownFaults+1 || lines[shownFaults] != "… and 4950 more" {
		t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-1])
	}
	var faults Faults
	if !errors.As(err, &faults) || len(faults) != 5000 {
		t.Errorf("%d faults, want all 5000", len(faults))
	}
}
