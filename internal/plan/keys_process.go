package plan

import (
	"time"

	"initiator/internal/loglevel"
	"initiator/proactor"
)

// Duration keeps the tables of keys short.
type Duration = time.Duration

var restartKeys = []row[Spec]{
	key("autorestart", autoRestart, AutoRestartUnexpected, func(s *Spec) *string { return &s.Restart.Auto },
		"after which exits the worker is restarted: true = any, unexpected = any but those of exitcodes, false = none; "+
			"with contract = on the default is true, except for a launched worker, the worker of `up --main`, "+
			"and a worker whose completion another worker waits for (after)").withoutRestart(),
	key("exitcodes", exitCodes, "0", func(s *Spec) *[]int { return &s.Restart.ExitCodes },
		"the exit codes that count as clean").withoutRestart(),
	key("restart_delay", duration, "100ms", func(s *Spec) *Duration { return &s.Restart.Delay },
		"the delay before the second restart; the first restart is immediate").withoutRestart(),
	key("restart_delay_max", duration, "1min", func(s *Spec) *Duration { return &s.Restart.DelayMax },
		"the longest delay before a restart; 0 = no limit").withoutRestart(),
	key("restart_factor", factor, "2", func(s *Spec) *float64 { return &s.Restart.Factor },
		"the factor by which the delay grows with each restart").withoutRestart(),
	key("restart_jitter", fraction, "0.1", func(s *Spec) *float64 { return &s.Restart.Jitter },
		"the random share of the delay; 0.1 = 10 percent more or less").withoutRestart(),
	restartLimit,
	key("startretries", wholeNumber(0, 1_000_000), "0", func(s *Spec) *int { return &s.Restart.Retries },
		"the number of deaths in a row before startsecs that make the worker FATAL; 0 = no limit").withoutRestart(),
	key("retry_early", boolean, "false", func(s *Spec) *bool { return &s.Restart.RetryEarly },
		"whether failed starts are repeated as supervisord does it: a worker that dies before startsecs is restarted regardless of autorestart and exitcodes, "+
			"after restart_delay times the number of failed starts in a row, and after any other death at once").withoutRestart(),
	key("restart_reset", duration, "10min", func(s *Spec) *Duration { return &s.Restart.Reset },
		"the time of unbroken readiness after which earlier deaths no longer count").withoutRestart(),
	key("on_fatal", oneOf("ignore", "shutdown"), "ignore", func(s *Spec) *string { return &s.Restart.OnFatal },
		"what the initiator does when a worker is FATAL").withoutRestart(),
	recycle,
}

var restartLimit = row[Spec]{
	KeyDoc: KeyDoc{
		Name: "restart_limit", Type: "count/duration", Default: "none",
		Doc: "the number of deaths within a time that makes the worker FATAL, without deaths that a task or the loss of the keeper caused; " +
			"none = the worker is restarted for ever; with on_fatal = shutdown and for the worker of `up --main` the default is " + impliedRestartLimit + "; " +
			"three starts in a row that fail for a reason that waiting does not heal (program, directory, user or permission missing) make it FATAL in any case",
	},
	live: true,
	get:  func(s *Spec) any { return [2]int64{int64(s.Restart.Limit), int64(s.Restart.Window)} },
	text: func(s *Spec) string { return formatRate(s.Restart.Limit, s.Restart.Window) },
	set: func(s *Spec, v string) (err error) {
		s.Restart.Limit, s.Restart.Window, err = parseRate(v)
		return err
	},
}

var recycle = row[Spec]{
	KeyDoc: KeyDoc{
		Name: "recycle", Type: "list of limits",
		Doc: "the limits after which a healthy worker is replaced, such as tasks:1000, rss:500MB, age:1d; " +
			"the memory (rss) is measured after every task and every 10 s",
	},
	live: true,
	get: func(s *Spec) any {
		return [3]int64{int64(s.Restart.RecycleTasks), s.Restart.RecycleRSS, int64(s.Restart.RecycleAge)}
	},
	text: func(s *Spec) string { return formatRecycle(s.Restart) },
	set:  func(s *Spec, v string) error { return parseRecycle(&s.Restart, v) },
}

var stopKeys = []row[Spec]{
	key("stopsignal", signal, "TERM", func(s *Spec) *string { return &s.StopSignal },
		"the signal that asks the worker to stop, by name or number").withoutRestart(),
	key("stopasgroup", asGroup, GroupAuto, func(s *Spec) *string { return &s.StopAsGroup },
		"whom stopsignal, reload_signal and `initiator signal` reach: true = the process group of the main process, false = the main process alone, auto = the group while the main process is a shell; what the main process leaves gets stopsignal when it has ended").withoutRestart(),
	key("pidfile", path, "", func(s *Spec) *string { return &s.PIDFile },
		"the file in which a program with contract = off writes the pid of its main process, for a program that goes to the background or starts its own successor (Linux only): when the main process has ended, the process that the file names becomes the main process, if it belongs to the worker; relative to directory; words in braces as in command"),
	key("stopwaitsecs", duration, "10", func(s *Spec) *Duration { return &s.StopWait },
		"the time after the signal until every process of the worker is killed").withoutRestart(),
	key("leave_descendants", leaveDescendants, LeaveNone, func(s *Spec) *string { return &s.LeaveDescendants },
		"when the processes that the main process leaves are not ended: none = never, exit = when the program has ended by itself and is not started again, "+
			"always = also after a stop, a restart and a crash (sshd, cron); what is left belongs to no worker any more, `status` lists it, and nothing ends it; "+
			"a process group that gets stopsignal is ended in any case").withoutRestart(),
	key("drain", duration, "30s", func(s *Spec) *Duration { return &s.Drain },
		"the time for running tasks to finish before the worker is asked to stop").withoutRestart(),
	key("stop_command", commandLine, "", func(s *Spec) *[]string { return &s.StopCommand },
		"a command that asks the worker to stop; it runs before the signal, and MAINPID in its environment is the pid of the main process; words in braces as in command").withoutRestart(),
	key("before_start", commandLine, "", func(s *Spec) *[]string { return &s.BeforeStart },
		"a command that must succeed before each start; words in braces as in command"),
	key("reload_signal", optionalSignal, "", func(s *Spec) *string { return &s.ReloadSignal },
		"the signal that makes the worker read its configuration again, on `initiator reload NAME` and when only its [config:NAME] has changed; without it and reload_command such a change restarts the worker").withoutRestart(),
	key("reload_command", commandLine, "", func(s *Spec) *[]string { return &s.ReloadCommand },
		"a command that makes the worker read its configuration again, in place of reload_signal; it has start_timeout to end").withoutRestart(),
	key("check_command", commandLine, "", func(s *Spec) *[]string { return &s.CheckCommand },
		"a command that must succeed before a requested restart or reload stops or changes anything, such as nginx -t; it runs once for each definition, and before each step of a rolling restart").withoutRestart(),
	key("on_initiator_exit", oneOf("stop", "keep"), "stop", func(s *Spec) *string { return &s.OnInitiatorExit },
		"what happens to the worker when the initiator dies: stop, or keep (Linux only) until the next initiator adopts it"),
	key("orphan_grace", duration, durationText(proactor.DefaultOrphanGrace), func(s *Spec) *Duration { return &s.OrphanGrace },
		"how long a kept worker holds its results for the next initiator"),
}

var logKeys = joinRows(
	streamKeys("stdout", func(s *Spec) *Log { return &s.Stdout }),
	streamKeys("stderr", func(s *Spec) *Log { return &s.Stderr }),
	[]row[Spec]{key("redirect_stderr", boolean, "false", func(s *Spec) *bool { return &s.RedirectStderr },
		"whether stderr is written where stdout is")},
	logFileKeys(func(s *Spec) *LogFiles { return &s.LogFiles }),
	[]row[Spec]{
		key("log_prefix", oneOf(PrefixAuto, PrefixName, PrefixNone), PrefixAuto, func(s *Spec) *string { return &s.LogPrefix },
			"what stands before each line that goes to the initiator's own output: name = name:index and a bar, none = nothing, "+
				"auto = none while the initiator has a single worker, else name").withoutRestart(),
		key("log_parse", oneOf(loglevel.Auto, loglevel.None, loglevel.JSON, loglevel.Logfmt, loglevel.Console), loglevel.Auto, func(s *Spec) *string { return &s.LogParse },
			"in which format the level of a line is recognised, for the initiator's log and `initiator logs -o json`: "+
				"json, logfmt, console (a time, then the level), auto = each of them, none; the line itself is never changed; "+
				"with contract = off the default is none").withoutRestart(),
		key("log_full", oneOf(FullAuto, FullBlock, FullDrop), FullAuto, func(s *Spec) *string { return &s.LogFull },
			"what happens to output that cannot be written: block = it stays in the worker's pipe, and the worker waits, "+
				"drop = its lines are dropped, counted and reported, auto = block for the initiator's own output, "+
				"and drop for a file that cannot be written or has taken nothing for 5 s"),
	},
)

// logFileKeys are the keys of new log files, in [worker:NAME] and in [initiator].
func logFileKeys[S any](at func(*S) *LogFiles) []row[S] {
	return []row[S]{
		key("logfile_mode", logMode, "", func(s *S) *uint32 { return &at(s).Mode },
			"the permissions of new log files, such as 0640, whatever the umask; without the key 0600, or after a rotation those of the file before").withoutRestart(),
		key("logfile_owner", userName, "", func(s *S) *string { return &at(s).Owner },
			"the owner of new log files, user or user:group; without the key the initiator's user, or after a rotation the owner of the file before; needs root").withoutRestart(),
	}
}

func streamKeys(stream string, at func(*Spec) *Log) []row[Spec] {
	return []row[Spec]{
		key(stream+"_logfile", path, "auto", func(s *Spec) *string { return &at(s).Path },
			"where "+stream+" is written: auto = a file in the state directory, none, - = the initiator's own output, /dev/stdout or /dev/stderr = that output of the initiator, or a path, in which {guid}, {name} and {index} are replaced by the worker's values; a symbolic link in the path must belong to root or to the initiator's user"),
		key(stream+"_logfile_maxbytes", size, "50MB", func(s *Spec) *int64 { return &at(s).MaxBytes },
			"the size at which the file is rotated; 0 = never"),
		key(stream+"_logfile_backups", wholeNumber(0, 10_000), "10", func(s *Spec) *int { return &at(s).Backups },
			"how many rotated files are kept"),
		key(stream+"_logfile_raw", boolean, "false", func(s *Spec) *bool { return &at(s).Raw },
			"whether lines are written without a time stamp"),
	}
}
