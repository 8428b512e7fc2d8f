package plan

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"initiator/proactor"
)

const adderINI = "[worker:adder]\ncommand = x\n\n[worker:dumb]\ncommand = x\ncontract = off\n\n"

func planOf(t *testing.T, text string) (*Plan, error) {
	t.Helper()
	cfg, err := proactor.ParseConfig("i.ini", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return MakePlan(cfg, "i.ini", Env{Self: "/bin/initiator"})
}

func TestSchedules(t *testing.T) {
	p, err := planOf(t, adderINI+`
[schedule:tick]
every = 10s
task  = adder.sum
data  = {"a": 1,
  "b": 2}

[schedule:nightly]
cron     = 30 2 * * *
timezone = UTC
task     = adder
missed   = once
`)
	if err != nil {
		t.Fatal(err)
	}
	tick, nightly := p.Schedules[0], p.Schedules[1]
	if tick.Name != "tick" || tick.Every != 10*time.Second || tick.Task != "adder.sum" || tick.Data != "{\"a\": 1,\n\"b\": 2}" || tick.Missed != "skip" {
		t.Errorf("%+v", tick)
	}
	if nightly.Cron.String() != "30 2 * * *" || nightly.Zone.String() != "UTC" || nightly.Data != "null" || !nightly.FiringTimes().MakeUpMissed {
		t.Errorf("%+v", nightly)
	}
	part, err := p.OnlyWorkers("dumb")
	if err != nil || len(part.Schedules) != 0 {
		t.Errorf("a plan without the pool has its schedules: %+v, %v", part, err)
	}
}

func TestFaultsOfSchedules(t *testing.T) {
	for text, want := range map[string]string{
		"task = adder": "the schedule has no time",
		"every = 10s":  "the schedule has no task",
		"every = 10s\ncron = * * * * *\ntask = adder":          "every and cron exclude each other",
		"every = 10s\ntimezone = UTC\ntask = adder":            "timezone has no meaning with every",
		"every = 0\ntask = adder":                              "too short an interval",
		"every = 10s\ntask = addr":                             `did you mean "adder"?`,
		"every = 10s\ntask = dumb":                             "takes no tasks",
		"cron = 30 25 * * *\ntask = adder":                     "is no cron expression",
		"cron = 0 0 30 2 *\ntask = adder":                      "never comes",
		"cron = @daily\ntimezone = Mars/Olympus\ntask = adder": `the time zone "Mars/Olympus" is not known`,
		"every = 10s\ntask = adder\ndata = {a: 1}":             "is not JSON",
		"every = 10s\ntask = adder\nmissed = all":              "missed",
		"every = 10s\ntask = adder\nevry = 1":                  `did you mean "every"?`,
	} {
		_, err := planOf(t, adderINI+"[schedule:s]\n"+text+"\n")
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "i.ini:") {
			t.Errorf("%q: %v; want %q with its line", text, err, want)
		}
	}
}

func TestDiffSchedules(t *testing.T) {
	text := func(sections ...string) *Plan {
		p, err := planOf(t, adderINI+strings.Join(sections, "\n"))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	same := "[schedule:same]\ncron = @daily\ntimezone = UTC\ntask = adder\n"
	old := text(same, "[schedule:gone]\nevery = 1s\ntask = adder\n", "[schedule:zone]\ncron = @daily\ntask = adder\n")
	next := text("[schedule:new]\nevery = 1s\ntask = adder\n", same, "[schedule:zone]\ncron = @daily\ntimezone = UTC\ntask = adder\n")
	if got := DiffSchedules(old, next); !reflect.DeepEqual(got, []string{"new", "zone", "gone"}) {
		t.Errorf("%v", got)
	}
	if got := DiffSchedules(nil, old); len(got) != 3 {
		t.Errorf("%v", got)
	}
}
