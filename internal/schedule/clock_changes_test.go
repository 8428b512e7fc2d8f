package schedule_test

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones are needed on every machine

	"initiator/internal/schedule"
)

func loadZone(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// TestClockChanges lists the ticks around changes of the clock, in zones with
// different rules.
func TestClockChanges(t *testing.T) {
	for _, c := range []struct {
		zone, cron, from, to string
		want                 string // local times with their offsets
	}{
		// Berlin on 28 March 2027: 02:00 CET becomes 03:00 CEST.
		{"Europe/Berlin", "30 2 * * *", "2027-03-27T00:00:00+01:00", "2027-03-30T00:00:00+02:00", "27 02:30+01 28 03:00+02 29 02:30+02"},
		{"Europe/Berlin", "30 2,3 * * *", "2027-03-28T00:00:00+01:00", "2027-03-29T00:00:00+02:00", "28 03:00+02 28 03:30+02"},
		{"Europe/Berlin", "*/20 2-3 * * *", "2027-03-28T00:00:00+01:00", "2027-03-29T00:00:00+02:00", "28 03:00+02 28 03:20+02 28 03:40+02"},
		{"Europe/Berlin", "0 3 * * *", "2027-03-28T00:00:00+01:00", "2027-03-29T00:00:00+02:00", "28 03:00+02"},
		{"Europe/Berlin", "15 30 2 * * *", "2027-03-28T00:00:00+01:00", "2027-03-29T00:00:00+02:00", "28 03:00+02"},
		{"Europe/Berlin", "0 * * * *", "2027-03-28T00:30:00+01:00", "2027-03-28T05:30:00+02:00", "28 01:00+01 28 03:00+02 28 04:00+02 28 05:00+02"},
		{"Europe/Berlin", "*/30 * * * *", "2027-03-28T01:00:00+01:00", "2027-03-28T04:00:00+02:00", "28 01:30+01 28 03:00+02 28 03:30+02 28 04:00+02"},
		{"Europe/Berlin", "0 */2 * * *", "2027-03-27T23:00:00+01:00", "2027-03-28T06:00:00+02:00", "28 00:00+01 28 04:00+02 28 06:00+02"},
		// Berlin on 31 October 2027: 03:00 CEST becomes 02:00 CET.
		{"Europe/Berlin", "30 2 * * *", "2027-10-30T00:00:00+02:00", "2027-11-02T00:00:00+01:00", "30 02:30+02 31 02:30+02 1 02:30+01"},
		{"Europe/Berlin", "*/30 1-3 * * *", "2027-10-31T00:00:00+02:00", "2027-11-01T00:00:00+01:00", "31 01:00+02 31 01:30+02 31 02:00+02 31 02:30+02 31 03:00+01 31 03:30+01"},
		{"Europe/Berlin", "@hourly", "2027-10-31T01:00:00+02:00", "2027-10-31T04:00:00+01:00", "31 02:00+02 31 02:00+01 31 03:00+01 31 04:00+01"},
		{"Europe/Berlin", "*/30 * * * *", "2027-10-31T01:30:00+02:00", "2027-10-31T03:00:00+01:00", "31 02:00+02 31 02:30+02 31 02:00+01 31 02:30+01 31 03:00+01"},
		{"America/New_York", "30 2 * * *", "2027-03-14T00:00:00-05:00", "2027-03-15T12:00:00-04:00", "14 03:00-04 15 02:30-04"},
		{"America/New_York", "30 1 * * *", "2027-11-07T00:00:00-04:00", "2027-11-08T12:00:00-05:00", "7 01:30-04 8 01:30-05"},
		// Lord Howe changes by half an hour, at 02:00.
		{"Australia/Lord_Howe", "15 2 * * *", "2027-10-03T00:00:00+10:30", "2027-10-05T00:00:00+11:00", "3 02:30+11 4 02:15+11"},
		{"Australia/Lord_Howe", "15,45 1-2 * * *", "2027-10-03T00:00:00+10:30", "2027-10-04T00:00:00+11:00", "3 01:15+1030 3 01:45+1030 3 02:30+11 3 02:45+11"},
		{"Australia/Lord_Howe", "45 1 * * *", "2027-04-04T00:00:00+11:00", "2027-04-06T00:00:00+10:30", "4 01:45+11 5 01:45+1030"},
		{"Australia/Lord_Howe", "*/15 * * * *", "2027-04-04T01:30:00+11:00", "2027-04-04T02:00:00+10:30", "4 01:45+11 4 01:30+1030 4 01:45+1030 4 02:00+1030"},
		// Santiago changes at midnight: a day without a beginning, and one with two ends.
		{"America/Santiago", "@daily", "2027-09-04T00:00:00-04:00", "2027-09-06T12:00:00-03:00", "5 01:00-03 6 00:00-03"},
		{"America/Santiago", "30 23 * * 6", "2027-04-02T00:00:00-03:00", "2027-04-05T00:00:00-04:00", "3 23:30-03"},
		{"America/Santiago", "0 0 * * *", "2027-04-03T12:00:00-03:00", "2027-04-05T12:00:00-04:00", "4 00:00-04 5 00:00-04"},
		// Tokyo has no changes.
		{"Asia/Tokyo", "30 2 * * *", "2027-03-28T00:00:00+09:00", "2027-03-30T00:00:00+09:00", "28 02:30+09 29 02:30+09"},
		// Samoa had no 30 December 2011.
		{"Pacific/Apia", "0 9 * * *", "2011-12-29T00:00:00-10:00", "2012-01-01T00:00:00+14:00", "29 09:00-10 31 00:00+14 31 09:00+14"},
		{"Pacific/Apia", "0 */12 * * *", "2011-12-29T00:00:00-10:00", "2012-01-01T00:00:00+14:00", "29 12:00-10 31 00:00+14 31 12:00+14 1 00:00+14"},
	} {
		s := schedule.Schedule{Cron: mustParseCron(t, c.cron), Zone: loadZone(t, c.zone)}
		if got := strings.Join(listTicks(t, s, parseTime(t, c.from), parseTime(t, c.to)), " "); got != c.want {
			t.Errorf("%s, %s:\n got %s\nwant %s", c.zone, c.cron, got, c.want)
		}
	}
}

// listTicks walks forward from a time that is excluded to one that is included,
// and checks that walking back meets the same ticks.
func listTicks(t *testing.T, s schedule.Schedule, from, to time.Time) (ticks []string) {
	t.Helper()
	var before time.Time
	for at := from; ; {
		next, err := s.TickAfter(at)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := s.TickBefore(next.Add(-1)); err != nil || !before.IsZero() && !back.Equal(before) {
			t.Errorf("before %v comes %v (%v), want %v", next, back, err, before)
		}
		if back, err := s.TickBefore(next); err != nil || !back.Equal(next) {
			t.Errorf("the tick %v is not its own: %v, %v", next, back, err)
		}
		if next.After(to) {
			return ticks
		}
		ticks = append(ticks, strings.TrimSuffix(next.In(s.Zone).Format("2 15:04-0700"), "00"))
		at, before = next, next
	}
}

// TestMissedTickInGap restarts after a change of the clock: the tick of the gap was
// missed, and is skipped or made up for.
func TestMissedTickInGap(t *testing.T) {
	s := schedule.Schedule{Cron: mustParseCron(t, "30 2 * * *"), Zone: loadZone(t, "Europe/Berlin")}
	last, gap := parseTime(t, "2027-03-27T02:30:00+01:00"), parseTime(t, "2027-03-28T03:00:00+02:00")
	d, err := s.DecideTick(last, parseTime(t, "2027-03-28T03:20:00+02:00"))
	if err != nil || !d.SkipTick.Equal(gap) {
		t.Errorf("%+v, %v", d, err)
	}
	s.MakeUpMissed = true
	d, err = s.DecideTick(last, parseTime(t, "2027-03-28T03:20:00+02:00"))
	if err != nil || !d.FireTick.Equal(gap) {
		t.Errorf("%+v, %v", d, err)
	}
	d, err = s.DecideTick(gap, parseTime(t, "2027-03-28T03:20:00+02:00"))
	if err != nil || !d.FireTick.IsZero() || !d.SkipTick.IsZero() {
		t.Errorf("the tick of the gap comes twice: %+v, %v", d, err)
	}
}
