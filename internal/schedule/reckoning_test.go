package schedule_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"initiator/internal/schedule"
	"initiator/internal/testlength"
)

// The years of the comparison, in minutes since 1970: ten years at full length.
var (
	firstMinute = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Unix() / 60
	lastMinute  = time.Date(2026+testlength.Count(3, 10), 1, 1, 0, 0, 0, 0, time.UTC).Unix() / 60
)

// clock is what the clock of a zone shows in every minute of the years.
type clock struct {
	zone    *time.Location
	offsets []int16 // minutes east of UTC
	changes []int64 // the minutes at which the offset changes
}

var comparedZones = []string{
	"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago",
	"Africa/Casablanca", "Asia/Beirut", "Africa/Cairo", "Asia/Kolkata", "UTC",
}

var clocks sync.Map // zone name → func() *clock

// readClock asks the zone for every minute of the years.
func readClock(t testing.TB, name string) *clock {
	read, _ := clocks.LoadOrStore(name, sync.OnceValue(func() *clock {
		c := &clock{zone: loadZone(t, name), offsets: make([]int16, 0, lastMinute-firstMinute)}
		for m := firstMinute; m < lastMinute; m++ {
			_, offset := time.Unix(m*60, 0).In(c.zone).Zone()
			if n := len(c.offsets); n > 0 && int(c.offsets[n-1]) != offset/60 {
				c.changes = append(c.changes, m)
			}
			c.offsets = append(c.offsets, int16(offset/60))
		}
		return c
	}))
	return read.(func() *clock)()
}

// field is one field of an expression, and the set of the values that it means.
type field struct {
	text   string
	values uint64
}

var anyValue = field{"*", 1<<60 - 1}

func (f field) has(value int64) bool { return f.values>>value&1 == 1 }

// drawField draws a field with values from low to high.
func drawField(t *rapid.T, name string, low, high int) field {
	var f field
	addRange := func(from, to, step int) {
		for v := from; v <= to; v += step {
			f.values |= 1 << v
		}
	}
	step := rapid.IntRange(1, (high-low)/2).Draw(t, name+" step")
	switch rapid.SampledFrom([]string{"*", "*/n", "list", "range"}).Draw(t, name) {
	case "*":
		f = anyValue
	case "*/n":
		addRange(low, 59, step) // the drawn high may be less than that of the field
		f.text = fmt.Sprintf("*/%d", step)
	case "list":
		var items []string
		for _, v := range rapid.SliceOfNDistinct(rapid.IntRange(low, high), 1, 4, rapid.ID).Draw(t, name+" list") {
			addRange(v, v, 1)
			items = append(items, strconv.Itoa(v))
		}
		f.text = strings.Join(items, ",")
	case "range":
		from := rapid.IntRange(low, high-1).Draw(t, name+" from")
		to := rapid.IntRange(from+1, high).Draw(t, name+" to")
		addRange(from, to, step)
		f.text = fmt.Sprintf("%d-%d/%d", from, to, step)
	}
	return f
}

// expression is a cron expression by its fields.
type expression struct{ minute, hour, day, month, weekday field }

// drawExpression draws an expression. Most have ticks on every day, and many only in
// the hours in which clocks are changed.
func drawExpression(t *rapid.T) *expression {
	x := &expression{drawField(t, "minute", 0, 59), drawField(t, "hour", 0, rapid.SampledFrom([]int{3, 23}).Draw(t, "last hour")), anyValue, anyValue, anyValue}
	if rapid.IntRange(0, 3).Draw(t, "some days only") == 0 {
		x.day, x.month, x.weekday = drawField(t, "day", 1, 31), drawField(t, "month", 1, 12), drawField(t, "weekday", 0, 6)
	}
	return x
}

func (x *expression) String() string {
	return strings.Join([]string{x.minute.text, x.hour.text, x.day.text, x.month.text, x.weekday.text}, " ")
}

// matchesTime reports whether the minute and the hour match, for a minute since
// 1970 as the clock shows it.
func (x *expression) matchesTime(shown int64) bool {
	return x.minute.has(shown%60) && x.hour.has(shown/60%24)
}

// matchesDay reports whether the day matches. A day of the month and a weekday that
// are both given are alternatives.
func (x *expression) matchesDay(shown int64) bool {
	at := time.Unix(shown*60, 0).UTC()
	day, weekday := x.day.has(int64(at.Day())), x.weekday.has(int64(at.Weekday()))
	alternatives := !strings.HasPrefix(x.day.text, "*") && !strings.HasPrefix(x.weekday.text, "*")
	return x.month.has(int64(at.Month())) && (day && weekday || alternatives && (day || weekday))
}

func (x *expression) matches(shown int64) bool { return x.matchesTime(shown) && x.matchesDay(shown) }

// reckon lists the ticks of an expression, in minutes since 1970. It walks the
// minutes of the years, and looks at the clock in each.
func (c *clock) reckon(x *expression) []int64 {
	ticks := make([]int64, 0, 1<<17)
	everyHour := strings.HasPrefix(x.hour.text, "*")
	latest := firstMinute + int64(c.offsets[0]) - 1 // the latest minute that the clock has shown
	for i, offset := range c.offsets {
		now := firstMinute + int64(i)
		shown := now + int64(offset)
		switch {
		case everyHour:
			if x.matches(shown) {
				ticks = append(ticks, now)
			}
		case shown > latest:
			due := false
			for m := latest + 1; m <= shown; m++ { // more than one minute when the clock jumps
				due = due || x.matches(m)
			}
			if due {
				ticks = append(ticks, now)
			}
			latest = shown
		}
	}
	return ticks
}

// TestCronAgreesWithReckoning compares the ticks of random expressions with those
// of a walk over every minute of these years.
func TestCronAgreesWithReckoning(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		c := readClock(t, rapid.SampledFrom(comparedZones).Draw(rt, "zone"))
		x := drawExpression(rt)
		cron, err := schedule.ParseCron(x.String())
		if err != nil {
			return // such as 30 February
		}
		s := schedule.Schedule{Cron: cron, Zone: c.zone}
		ticks := c.reckon(x)
		for _, from := range drawMinutes(rt, c) {
			compareTicks(rt, s, ticks, from)
		}
	})
}

// drawMinutes draws minutes near the changes of the clock, and others.
func drawMinutes(t *rapid.T, c *clock) []int64 {
	minutes := rapid.SliceOfN(rapid.Int64Range(firstMinute, lastMinute-1), 3, 3).Draw(t, "minutes")
	for range min(6, len(c.changes)) {
		change := rapid.SampledFrom(c.changes).Draw(t, "change")
		minutes = append(minutes, change+rapid.Int64Range(-90, 120).Draw(t, "minutes from the change"))
	}
	return minutes
}

// compareTicks compares some ticks after a minute with the ticks that are reckoned,
// forward and back.
func compareTicks(t *rapid.T, s schedule.Schedule, ticks []int64, from int64) {
	i, found := slices.BinarySearch(ticks, from)
	if found {
		i++ // TickAfter excludes its own time
	}
	at := time.Unix(from*60, 0)
	for range 12 {
		if i == len(ticks) {
			return // beyond the last year
		}
		want := time.Unix(ticks[i]*60, 0)
		next, err := s.TickAfter(at)
		if err != nil || !next.Equal(want) {
			t.Fatalf("%s in %s: after %v comes %v (%v), want %v", s.Cron, s.Zone, at.In(s.Zone), next, err, want.In(s.Zone))
		}
		if back, err := s.TickBefore(next.Add(59 * time.Second)); err != nil || !back.Equal(want) && (i+1 == len(ticks) || ticks[i+1] != ticks[i]+1) {
			t.Fatalf("%s in %s: the last tick at %v is %v (%v)", s.Cron, s.Zone, next, back, err)
		}
		if back, err := s.TickBefore(next.Add(-1)); i > 0 && (err != nil || back.Unix() != ticks[i-1]*60) {
			t.Fatalf("%s in %s: before %v comes %v (%v), want %v", s.Cron, s.Zone, next, back, err, time.Unix(ticks[i-1]*60, 0).In(s.Zone))
		}
		at, i = next, i+1
	}
}
