package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"initiator/initiator/task"
	"initiator/internal/bounds"
	"initiator/internal/schedule"
	"initiator/proactor"
)

// Schedule is a [schedule:NAME]: a task that is submitted repeatedly.
type Schedule struct {
	Name   string
	Every  time.Duration  // 0 with Cron
	Cron   schedule.Cron  // zero with Every
	Zone   *time.Location // of Cron; nil = the machine's own
	Task   string         // POOL or POOL.METHOD
	Data   string         // JSON; "null"
	Missed string         // "skip" or "once"
}

// FiringTimes returns the times at which the schedule submits its task.
func (s Schedule) FiringTimes() schedule.Schedule {
	return schedule.Schedule{Every: s.Every, Cron: s.Cron, Zone: s.Zone, MakeUpMissed: s.Missed == "once"}
}

// scheduleKeys are the keys of [schedule:NAME].
var scheduleKeys = []row[Schedule]{
	key("every", interval, "", func(s *Schedule) *time.Duration { return &s.Every },
		"how often the task is submitted, at multiples of it from 1970 in UTC, in place of cron"),
	key("cron", cronText, "", func(s *Schedule) *schedule.Cron { return &s.Cron },
		"when it is submitted: minute, hour, day, month, weekday; with a field for seconds before them, or a word such as @daily"),
	key("timezone", zone, "", func(s *Schedule) **time.Location { return &s.Zone },
		"the time zone of cron, such as Europe/Berlin or UTC; without it the machine's time zone"),
	key("task", text, "", func(s *Schedule) *string { return &s.Task },
		"the pool that runs the task, as POOL or POOL.METHOD"),
	key("data", jsonText, "null", func(s *Schedule) *string { return &s.Data },
		"the data of the task, as JSON; a $ is written as $$"),
	key("missed", oneOf("skip", "once"), "skip", func(s *Schedule) *string { return &s.Missed },
		"what happens after times at which no initiator ran: skip submits nothing, once submits one task for all of them"),
}

var interval = kind[time.Duration]{name: "duration from 1s", parse: func(s string) (time.Duration, error) {
	d, err := parseDuration(s)
	if err == nil && d < time.Second {
		err = valueFault{fmt.Sprintf("%q is too short an interval", s), "write every = 1s or more"}
	}
	return d, err
}}

var cronText = kind[schedule.Cron]{name: "cron expression", parse: func(s string) (schedule.Cron, error) {
	c, err := schedule.ParseCron(s)
	if err != nil {
		err = valueFault{err.Error(), "write minute hour day month weekday, as 30 6 * * 1-5, or every = 10s"}
	}
	return c, err
}}

var zone = kind[*time.Location]{name: "time zone", parse: func(s string) (*time.Location, error) {
	z, err := time.LoadLocation(s)
	if err != nil {
		err = valueFault{fmt.Sprintf("the time zone %q is not known", s), "write a name of the time zone database such as Europe/Berlin, or UTC"}
	}
	return z, err
}}

var jsonText = kind[string]{name: "JSON", parse: func(s string) (string, error) {
	if err := bounds.CheckNesting([]byte(s)); err != nil {
		return "", valueFault{err.Error(), fmt.Sprintf("write at most %d levels", bounds.Nesting)}
	}
	if !json.Valid([]byte(s)) {
		return "", valueFault{"the value is not JSON", `write it as {"a": 1, "b": [2]}, a text with its quotes`}
	}
	return s, nil
}}

func (d *draft) readSchedule(s *proactor.Section, name string) {
	d.checkName(s, name)
	made := Schedule{Name: name}
	readSection(d, s.Name, "schedule", scheduleKeys, &made)
	d.plan.Schedules = append(d.plan.Schedules, made)
}

func (d *draft) checkSchedules() {
	for _, s := range d.plan.Schedules {
		section := "schedule:" + s.Name
		d.checkScheduleTarget(section, s)
		if d.isFaulty(section) {
			continue
		}
		every, cron := d.isGiven(section, "every"), d.isGiven(section, "cron")
		switch {
		case !every && !cron:
			d.addFault(section, "", "the schedule has no time", "write every = 10s, or cron = 30 6 * * *")
		case every && cron:
			d.addFault(section, "cron", "every and cron exclude each other", "keep one of the two")
		case every && d.isGiven(section, "timezone"):
			d.addFault(section, "timezone", "timezone has no meaning with every", "write cron, or remove the key")
		}
		if s.Task == "" {
			d.addFault(section, "", "the schedule has no task", "write task = NAME, of a [worker:NAME]")
		}
	}
}

// checkScheduleTarget finds a schedule whose pool does not exist or takes no tasks.
func (d *draft) checkScheduleTarget(section string, s Schedule) {
	if s.Task == "" {
		return
	}
	switch pool, known := d.plan.findPool(s.Task); {
	case known && pool.Protocol == "none" && !d.isFaulty("worker:"+pool.Name):
		d.addFault(section, "task", fmt.Sprintf("[worker:%s] takes no tasks: it has contract = off or protocol = none", pool.Name), "name a worker of the contract, or one with exec")
	case !known && d.isUnknown(s.Task):
		d.addFault(section, "task", fmt.Sprintf("there is no [worker:%s]", s.Task), d.suggestWorker(s.Task))
	}
}

// findPool finds the definition that runs the tasks of POOL or POOL.METHOD.
// Names may hold dots: the longest name that exists is used.
func (p *Plan) findPool(target string) (*Spec, bool) {
	name, _, ok := task.SplitMethod(target, func(name string) bool { _, ok := p.FindSpec(name); return ok })
	if !ok {
		return nil, false
	}
	return p.FindSpec(name)
}

// ownSchedules returns the schedules whose pools the plan has.
func (p *Plan) ownSchedules() []Schedule {
	return slices.DeleteFunc(slices.Clone(p.Schedules), func(s Schedule) bool {
		_, known := p.findPool(s.Task)
		return !known
	})
}

// DiffSchedules returns the names of the schedules that are new, changed or gone,
// in the order of next and then of old. A nil old has no schedules.
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

// sameSchedule compares two schedules. It compares time zones by name, because each
// reading of a file makes its own.
func sameSchedule(a, b Schedule) bool {
	if (a.Zone == nil) != (b.Zone == nil) || a.Zone != nil && a.Zone.String() != b.Zone.String() {
		return false
	}
	a.Zone, b.Zone = nil, nil
	return a == b
}
