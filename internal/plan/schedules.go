package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"initiator/initiator/task"
	"initiator/internal/schedule"
	"initiator/proactor"
)

// Schedule is a [schedule:NAME]: a task that is submitted again and again.
type Schedule struct {
	Name   string
	Every  time.Duration  // 0 with Cron
	Cron   schedule.Cron  // zero with Every
	Zone   *time.Location // of Cron; nil = the machine's own
	Task   string         // POOL or POOL.METHOD
	Data   string         // JSON; "null"
	Missed string         // "skip" or "once"
}

// FiringTimes is when it fires.
func (s Schedule) FiringTimes() schedule.Schedule {
	return schedule.Schedule{Every: s.Every, Cron: s.Cron, Zone: s.Zone, Once: s.Missed == "once"}
}

// scheduleKeys are the keys of [schedule:NAME].
var scheduleKeys = []row[Schedule]{
	key("every", interval, "", func(s *Schedule) *time.Duration { return &s.Every },
		"how often the task is submitted, at multiples of it from 1970 in UTC, in place of cron"),
	key("cron", cronText, "", func(s *Schedule) *schedule.Cron { return &s.Cron },
		"when it is submitted: minute, hour, day, month, weekday; with a field for seconds before them, or a word such as @daily"),
	key("timezone", zone, "", func(s *Schedule) **time.Location { return &s.Zone },
		"whose clock cron means, as Europe/Berlin or UTC; without it the machine's"),
	key("task", text, "", func(s *Schedule) *string { return &s.Task },
		"the worker that is to do it, as POOL or POOL.METHOD"),
	key("data", jsonText, "null", func(s *Schedule) *string { return &s.Data },
		"the data of the task, as JSON; a $ is written as $$"),
	key("missed", oneOf("skip", "once"), "skip", func(s *Schedule) *string { return &s.Missed },
		"what follows when no initiator ran at the time: nothing, or one task for all that were missed"),
}

var interval = kind[time.Duration]{name: "duration from 1s", parse: func(s string) (time.Duration, error) {
	d, err := parseDuration(s)
	if err == nil && d < time.Second {
		err = wrong{fmt.Sprintf("%q is too short an interval", s), "write every = 1s or more"}
	}
	return d, err
}}

var cronText = kind[schedule.Cron]{name: "cron expression", parse: func(s string) (schedule.Cron, error) {
	c, err := schedule.ParseCron(s)
	if err != nil {
		err = wrong{err.Error(), "write minute hour day month weekday, as 30 6 * * 1-5, or every = 10s"}
	}
	return c, err
}}

var zone = kind[*time.Location]{name: "time zone", parse: func(s string) (*time.Location, error) {
	z, err := time.LoadLocation(s)
	if err != nil {
		err = wrong{fmt.Sprintf("the time zone %q is not known on this machine", s), "write a name such as Europe/Berlin, or UTC; names need the system's tzdata"}
	}
	return z, err
}}

var jsonText = kind[string]{name: "JSON", parse: func(s string) (string, error) {
	if !json.Valid([]byte(s)) {
		return "", wrong{"the value is not JSON", `write it as {"a": 1, "b": [2]}, a text with its quotes`}
	}
	return s, nil
}}

func (d *draft) schedule(s *proactor.Section, name string) {
	d.checkName(s, name)
	made := Schedule{Name: name}
	readSection(d, s.Name, "schedule", scheduleKeys, &made)
	d.plan.Schedules = append(d.plan.Schedules, made)
}

func (d *draft) checkSchedules() {
	for _, s := range d.plan.Schedules {
		section := "schedule:" + s.Name
		every, cron := d.has(section, "every"), d.has(section, "cron")
		switch {
		case !every && !cron:
			d.faultAt(section, "", "it does not say when", "write every = 10s, or cron = 30 6 * * *")
		case every && cron:
			d.faultAt(section, "cron", "every is there too", "keep one of the two")
		case every && d.has(section, "timezone"):
			d.faultAt(section, "timezone", "it has no meaning with every", "write cron, or remove the key")
		}
		if s.Task == "" {
			d.faultAt(section, "", "it does not say what", "write task = NAME, of a [worker:NAME]")
			continue
		}
		switch pool, known := d.plan.pool(s.Task); {
		case !known:
			d.faultAt(section, "task", fmt.Sprintf("there is no [worker:%s]", s.Task), d.meant(s.Task))
		case pool.Protocol == "none":
			d.faultAt(section, "task", fmt.Sprintf("[worker:%s] takes no tasks (protocol = none)", pool.Name), "name a worker of the contract, or one with exec")
		}
	}
}

// pool finds the definition that runs the tasks of POOL or POOL.METHOD.
func (p *Plan) pool(target string) (*Spec, bool) {
	name, _, ok := task.SplitMethod(target, func(name string) bool { _, ok := p.FindSpec(name); return ok })
	if !ok {
		return nil, false
	}
	return p.FindSpec(name)
}

// scheduled are the schedules of the definitions that a plan has.
func (p *Plan) scheduled() []Schedule {
	return slices.DeleteFunc(slices.Clone(p.Schedules), func(s Schedule) bool {
		_, known := p.pool(s.Task)
		return !known
	})
}

// DiffSchedules returns the names of schedules that are new, gone or changed,
// in the order of next, and then of old. A nil old has none.
func DiffSchedules(old, next *Plan) []string {
	before := map[string]Schedule{}
	if old != nil {
		for _, s := range old.Schedules {
			before[s.Name] = s
		}
	}
	var names []string
	for _, s := range next.Schedules {
		if was, known := before[s.Name]; !known || !sameSchedule(was, s) {
			names = append(names, s.Name)
		}
		delete(before, s.Name)
	}
	if old != nil {
		for _, s := range old.Schedules {
			if _, gone := before[s.Name]; gone {
				names = append(names, s.Name)
			}
		}
	}
	return names
}

// sameSchedule compares the zones by name: each reading makes its own.
func sameSchedule(a, b Schedule) bool {
	if (a.Zone == nil) != (b.Zone == nil) || a.Zone != nil && a.Zone.String() != b.Zone.String() {
		return false
	}
	a.Zone, b.Zone = nil, nil
	return a == b
}
