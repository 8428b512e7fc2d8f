package schedule_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"initiator/internal/schedule"
)

func parseTime(t testing.TB, text string) time.Time {
	t.Helper()
	got, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func mustParseCron(t testing.TB, text string) schedule.Cron {
	t.Helper()
	c, err := schedule.ParseCron(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTickAfter(t *testing.T) {
	for _, c := range []struct {
		name  string
		s     schedule.Schedule
		after string
		want  string
	}{
		{"every 10 s, between", schedule.Schedule{Every: 10 * time.Second}, "2030-01-01T00:00:03Z", "2030-01-01T00:00:10Z"},
		{"every 10 s, on one", schedule.Schedule{Every: 10 * time.Second}, "2030-01-01T00:00:10Z", "2030-01-01T00:00:20Z"},
		{"every day is counted in UTC", schedule.Schedule{Every: 24 * time.Hour}, "2030-01-01T13:00:00+05:00", "2030-01-02T00:00:00Z"},
		{"cron", schedule.Schedule{Cron: mustParseCron(t, "*/15 * * * *"), Zone: time.UTC}, "2030-01-01T00:15:00Z", "2030-01-01T00:30:00Z"},
		{"a word", schedule.Schedule{Cron: mustParseCron(t, "@daily"), Zone: time.UTC}, "2030-01-01T00:15:00Z", "2030-01-02T00:00:00Z"},
		{"in a zone, winter", schedule.Schedule{Cron: mustParseCron(t, "0 9 * * 1-5"), Zone: loadZone(t, "Europe/Berlin")}, "2030-01-04T10:00:00Z", "2030-01-07T08:00:00Z"},
		{"in a zone, summer", schedule.Schedule{Cron: mustParseCron(t, "0 9 * * *"), Zone: loadZone(t, "Europe/Berlin")}, "2030-07-01T10:00:00Z", "2030-07-02T07:00:00Z"},
	} {
		got, err := c.s.TickAfter(parseTime(t, c.after))
		if err != nil || !got.Equal(parseTime(t, c.want)) {
			t.Errorf("%s: after %s comes %v (%v), want %s", c.name, c.after, got, err, c.want)
		}
	}
}

func TestParseCronRefusesInvalidText(t *testing.T) {
	for _, text := range []string{"", "every minute", "61 * * * *", "0 0 30 2 *", "* * *", "@never"} {
		if c, err := schedule.ParseCron(text); err == nil {
			t.Errorf("%q is taken as %v", text, c)
		}
	}
}

func TestDecideTick(t *testing.T) {
	every := func(once bool) schedule.Schedule { return schedule.Schedule{Every: time.Minute, MakeUpMissed: once} }
	for _, c := range []struct {
		name, last, now  string
		once             bool
		fire, skip, next string
	}{
		{"new: it begins with the next", "", "2030-01-01T00:00:30Z", true, "", "", "2030-01-01T00:01:00Z"},
		{"not yet", "2030-01-01T00:00:00Z", "2030-01-01T00:00:59Z", false, "", "", "2030-01-01T00:01:00Z"},
		{"now", "2030-01-01T00:00:00Z", "2030-01-01T00:01:00Z", false, "2030-01-01T00:01:00Z", "", "2030-01-01T00:02:00Z"},
		{"a little late", "2030-01-01T00:00:00Z", "2030-01-01T00:01:04Z", false, "2030-01-01T00:01:00Z", "", "2030-01-01T00:02:00Z"},
		{"missed, skip", "2030-01-01T00:00:00Z", "2030-01-01T00:10:30Z", false, "", "2030-01-01T00:10:00Z", "2030-01-01T00:11:00Z"},
		{"missed, once for all", "2030-01-01T00:00:00Z", "2030-01-01T00:10:30Z", true, "2030-01-01T00:10:00Z", "", "2030-01-01T00:11:00Z"},
		{"the clock was set back", "2031-01-01T00:00:00Z", "2030-01-01T00:00:30Z", true, "", "", "2030-01-01T00:01:00Z"},
	} {
		var last time.Time
		if c.last != "" {
			last = parseTime(t, c.last)
		}
		got, err := every(c.once).DecideTick(last, parseTime(t, c.now))
		if err != nil || !isTime(t, got.FireTick, c.fire) || !isTime(t, got.SkipTick, c.skip) || !isTime(t, got.Next, c.next) || got.Reason == "" {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
}

func isTime(t *testing.T, got time.Time, want string) bool {
	if want == "" {
		return got.IsZero()
	}
	return got.Equal(parseTime(t, want))
}

// TestTicksFireOnce jumps with the clock: ticks fire in order and none twice, and
// there is always a next time to decide.
func TestTicksFireOnce(t *testing.T) {
	zone := loadZone(t, "Europe/Berlin")
	rapid.Check(t, func(t *rapid.T) {
		s := schedule.Schedule{MakeUpMissed: rapid.Bool().Draw(t, "once")}
		if rapid.Bool().Draw(t, "cron") {
			text := rapid.SampledFrom([]string{"* * * * *", "30 2 * * *", "0 0 1 * *", "15 2,3 * * 0", "0 */6 * * *"}).Draw(t, "expression")
			s.Cron, _ = schedule.ParseCron(text)
			s.Zone = zone
		} else {
			s.Every = time.Duration(rapid.IntRange(1, 100_000).Draw(t, "every")) * time.Second
		}
		// From a week before the clocks are put forward, or back.
		now := rapid.SampledFrom([]time.Time{time.Date(2030, 3, 24, 0, 0, 0, 0, zone), time.Date(2030, 10, 20, 0, 0, 0, 0, zone)}).Draw(t, "from")
		var last time.Time
		for range 50 {
			d, err := s.DecideTick(last, now)
			if err != nil || !d.Next.After(now) {
				t.Fatalf("at %v after %v: %+v, %v", now, last, d, err)
			}
			for _, tick := range []time.Time{d.FireTick, d.SkipTick} {
				if tick.IsZero() {
					continue
				}
				if !tick.After(last) || tick.After(now) {
					t.Fatalf("at %v after %v: %+v", now, last, d)
				}
				last = tick
			}
			now = d.Next
			if jump := rapid.IntRange(0, 10).Draw(t, "jump"); jump > 7 {
				now = now.Add(time.Duration(rapid.IntRange(1, 200_000).Draw(t, "seconds")) * time.Second)
			}
		}
	})
}

// FuzzCron checks that any text is an expression with a tick in the future, or an error.
func FuzzCron(f *testing.F) {
	for _, text := range []string{"* * * * *", "@hourly", "0 0 29 2 *", "*/0 * * * *", "5-1 * * * *", "* * * * * * 2020"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := schedule.ParseCron(text)
		if err != nil {
			return
		}
		if next, err := (schedule.Schedule{Cron: c, Zone: time.UTC}).TickAfter(time.Now()); err != nil || !next.After(time.Now().Add(-time.Second)) {
			t.Errorf("%q: %v, %v", text, next, err)
		}
	})
}
