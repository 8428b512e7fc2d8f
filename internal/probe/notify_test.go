package probe

import (
	"reflect"
	"testing"
	"time"

	"initiator/internal/lifecycle"
)

func TestParseNotify(t *testing.T) {
	for _, c := range []struct {
		datagram string
		want     []lifecycle.EventKind
	}{
		{"READY=1", []lifecycle.EventKind{lifecycle.ReadinessProven}},
		{"STATUS=warming\nWATCHDOG=1\n", []lifecycle.EventKind{lifecycle.StatusReported, lifecycle.WatchdogBeat}},
		{"STOPPING=1\nMAINPID=7", []lifecycle.EventKind{lifecycle.StopAnnounced}},
		{"EXTEND_TIMEOUT_USEC=1000000", []lifecycle.EventKind{lifecycle.StartExtended}},
		{"EXTEND_TIMEOUT_USEC=-1\nREADY=0\nREADY\n\n=", nil},
	} {
		var got []lifecycle.EventKind
		for _, e := range parseNotify(c.datagram) {
			got = append(got, e.Kind)
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: %v, want %v", c.datagram, got, c.want)
		}
	}
}

func FuzzParseNotify(f *testing.F) {
	f.Add("READY=1\nSTATUS=\xff\nEXTEND_TIMEOUT_USEC=99999999999999999999")
	f.Fuzz(func(t *testing.T, datagram string) {
		for _, e := range parseNotify(datagram) {
			if e.Extension < 0 || e.Extension > 24*time.Hour {
				t.Errorf("%q asks for %s", datagram, e.Extension)
			}
		}
	})
}
