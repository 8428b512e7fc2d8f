package plan

import (
	"time"

	"initiator/proactor"
)

// Duration keeps the tables of keys short.
type Duration = time.Duration

var restartKeys = []row[Spec]{
	key("autorestart", autoRestart, "unexpected", func(s *Spec) *string { return &s.Restart.Auto },
		"unexpected = after any exit but those of exitcodes").lives(),
	key("exitcodes", exitCodes, "0", func(s *Spec) *[]int { return &s.Restart.ExitCodes },
		"the exit codes that count as clean").lives(),
	key("restart_delay", duration, "100ms", func(s *Spec) *Duration { return &s.Restart.Delay },
		"the wait before the second restart; the first is immediate").lives(),
	key("restart_delay_max", duration, "1min", func(s *Spec) *Duration { return &s.Restart.DelayMax },
		"the longest wait before a restart").lives(),
	key("restart_factor", factor, "2", func(s *Spec) *float64 { return &s.Restart.Factor },
		"by what the wait grows with each restart").lives(),
	key("restart_jitter", fraction, "0.1", func(s *Spec) *float64 { return &s.Restart.Jitter },
		"by how much of itself the wait varies at random").lives(),
	restartLimit,
	key("startretries", number(0, 1_000_000), "0", func(s *Spec) *int { return &s.Restart.Retries },
		"how many deaths in a row before startsecs are FATAL; 0 = no such rule").lives(),
	key("retry_early", boolean, "false", func(s *Spec) *bool { return &s.Restart.RetryEarly },
		"whether a death before startsecs is a failed start, tried again whatever autorestart and exitcodes say").lives(),
	key("restart_reset", duration, "10min", func(s *Spec) *Duration { return &s.Restart.Reset },
		"how long it must be ready without a break for earlier deaths to be forgotten").lives(),
	key("on_fatal", oneOf("ignore", "shutdown"), "ignore", func(s *Spec) *string { return &s.Restart.OnFatal },
		"what a worker in FATAL does to the initiator").lives(),
	recycle,
}

var restartLimit = row[Spec]{
	KeyDoc: KeyDoc{
		Name: "restart_limit", Type: "count/duration", Default: "10/10min",
		Doc: "so many deaths in so long a time are FATAL; none = no limit",
	},
	live: true,
	get:  func(s *Spec) any { return [2]int64{int64(s.Restart.Limit), int64(s.Restart.Window)} },
	set: func(s *Spec, v string) (err error) {
		s.Restart.Limit, s.Restart.Window, err = parseRate(v)
		return err
	},
}

var recycle = row[Spec]{
	KeyDoc: KeyDoc{
		Name: "recycle", Type: "list of limits",
		Doc: "when a healthy worker is replaced, as tasks:1000, rss:500MB, age:1d",
	},
	live: true,
	get: func(s *Spec) any {
		return [3]int64{int64(s.Restart.RecycleTasks), s.Restart.RecycleRSS, int64(s.Restart.RecycleAge)}
	},
	set: func(s *Spec, v string) error { return parseRecycle(&s.Restart, v) },
}

var stopKeys = []row[Spec]{
	key("stopsignal", signal, "TERM", func(s *Spec) *string { return &s.StopSignal },
		"the signal that asks it to stop, by name or number").lives(),
	key("stopwaitsecs", duration, "10", func(s *Spec) *Duration { return &s.StopWait },
		"how long it may take to stop before it is killed").lives(),
	key("drain", duration, "30s", func(s *Spec) *Duration { return &s.Drain },
		"how long its running tasks may take before it is asked to stop").lives(),
	key("stop_command", commandLine, "", func(s *Spec) *[]string { return &s.StopCommand },
		"a command that asks it to stop, run before the signal").lives(),
	key("before_start", commandLine, "", func(s *Spec) *[]string { return &s.BeforeStart },
		"a command that must succeed before each start"),
	key("reload_signal", optionalSignal, "", func(s *Spec) *string { return &s.ReloadSignal },
		"the signal that makes it read its configuration again; without one a change restarts it").lives(),
	key("on_initiator_exit", oneOf("stop", "keep"), "stop", func(s *Spec) *string { return &s.OnInitiatorExit },
		"what becomes of it when the initiator dies; keep, on Linux only, lets it run on until the next one takes it over"),
	key("orphan_grace", duration, durationText(proactor.DefaultOrphanGrace), func(s *Spec) *Duration { return &s.OrphanGrace },
		"how long a kept worker keeps its results for the next initiator"),
}

var limitKeys = []row[Spec]{
	key("user", userName, "", func(s *Spec) *string { return &s.Limits.User },
		"the user, or user:group, that it runs as"),
	key("umask", octalMode, "", func(s *Spec) *int { return &s.Limits.Umask },
		"the file mode bits that it cannot set, as 022"),
	key("nice", number(-20, 19), "0", func(s *Spec) *int { return &s.Limits.Nice },
		"its scheduling priority, from -20 (first) to 19 (last)"),
	key("limit_nofile", count, "", func(s *Spec) *uint64 { return &s.Limits.NoFile },
		"how many descriptors it may have open"),
	key("limit_core", coreSize, "", func(s *Spec) **uint64 { return &s.Limits.Core },
		"how large a core dump may be; 0 = none, unlimited = any"),
	key("memory_max", size, "", func(s *Spec) *int64 { return &s.Limits.MemoryMax },
		"how much memory its cgroup may use"),
	key("cpu_max", cores, "", func(s *Spec) *float64 { return &s.Limits.CPUMax },
		"how many cores its cgroup may use, as 1.5 or 150%"),
	key("pids_max", bigNumber(1), "", func(s *Spec) *int64 { return &s.Limits.PidsMax },
		"how many processes its cgroup may hold"),
}

var logKeys = concat(
	streamKeys("stdout", func(s *Spec) *Log { return &s.Stdout }),
	streamKeys("stderr", func(s *Spec) *Log { return &s.Stderr }),
	[]row[Spec]{key("redirect_stderr", boolean, "false", func(s *Spec) *bool { return &s.RedirectStderr },
		"whether stderr is written where stdout is")},
)

func streamKeys(stream string, at func(*Spec) *Log) []row[Spec] {
	return []row[Spec]{
		key(stream+"_logfile", path, "auto", func(s *Spec) *string { return &at(s).Path },
			"where its "+stream+" goes: auto = a file in the state directory, none, - = the initiator's own output; {guid}, {name} and {index} in a path stand for the worker's own"),
		key(stream+"_logfile_maxbytes", size, "50MB", func(s *Spec) *int64 { return &at(s).MaxBytes },
			"the size at which the file is rotated; 0 = never"),
		key(stream+"_logfile_backups", number(0, 10_000), "10", func(s *Spec) *int { return &at(s).Backups },
			"how many rotated files are kept"),
		key(stream+"_logfile_raw", boolean, "false", func(s *Spec) *bool { return &at(s).Raw },
			"whether its lines are written as they come, without the time before each"),
	}
}
