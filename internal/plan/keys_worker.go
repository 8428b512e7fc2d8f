package plan

import (
	"initiator/internal/bounds"
	"initiator/proactor"
)

// workerKeys are the keys of [worker:NAME], in the groups of the reference.
var workerKeys = joinRows(whatKeys, countKeys, portKeys, lifeKeys, probeKeys, restartKeys, stopKeys, limitKeys, logKeys, taskKeys)

func joinRows[S any](groups ...[]row[S]) []row[S] {
	var all []row[S]
	for _, g := range groups {
		all = append(all, g...)
	}
	return all
}

var whatKeys = []row[Spec]{
	key("command", commandLine, "", func(s *Spec) *[]string { return &s.Command },
		"the program to run and its arguments; quotes as in a shell, but no shell and no variables; {name}, {guid}, {index} (from 0, within the pool) and {port} are replaced by the worker's values, and {{ is a literal {"),
	key("exec", commandLine, "", func(s *Spec) *[]string { return &s.Exec },
		"a command that runs once for each task, in place of command; words in braces as in command"),
	key("exec_mode", oneOf("task", "lines"), "task", func(s *Spec) *string { return &s.ExecMode },
		"task = one process a task; lines = one process, a line in and a line out for each task"),
	key("exec_ids", boolean, "false", func(s *Spec) *bool { return &s.ExecIDs },
		`with exec_mode = lines, whether a line is {"id": …, "data": …} and its answer {"id": …, "result": …}, so that a late line is never taken for the answer to another task`),
	key("retry_exitcodes", retryExitCodes, "75", func(s *Spec) *string { return &s.RetryExitCodes },
		"the exit codes of an exec process after which its task is tried again: any, none or a list; a task whose process a signal killed is always tried again"),
	key("module", text, "", func(s *Spec) *string { return &s.Module },
		"a module that the interpreter runs with -m, in place of command"),
	key("interpreter", commandLine, "python3", func(s *Spec) *[]string { return &s.Interpreter },
		"what runs the module"),
	key("contract", onOff, "on", func(s *Spec) *bool { return &s.Contract },
		"whether the process gets --guid, --port, sockets and its configuration on stdin"),
	key("protocol", oneOf("webhook", "ding", "none"), "webhook", func(s *Spec) *string { return &s.Protocol },
		"how the worker gets tasks; none with contract = off"),
	key("channel", wholeNumber(0, maxInt), "0", func(s *Spec) *int { return &s.Channel },
		"the value of the Channel header, the same at both ends of the webhooks"),
	key("connect", oneOf("token", "open"), "token", func(s *Spec) *string { return &s.Connect },
		"whether the worker's /connect requires its token; open refuses web pages: any Origin, and on loopback a Host beyond it"),
	key("direct", oneOf("token", "open"), "token", func(s *Spec) *string { return &s.Direct },
		"whether direct calls of the worker require its token; open only on loopback"),
	key("direct_compression", oneOf("none", "gzip", "zstd", "zlib"), "none", func(s *Spec) *string { return &s.DirectCompression },
		"the compression of direct calls without a Content-Encoding header, such as toto's"),
	key("chirp_port", wholeNumber(0, 65535), "0", func(s *Spec) *int { return &s.ChirpPort },
		"the port on which libchirp nodes can call a Go worker's default method without a token; 0 = none"),
	key("chirp_pem", path, "", func(s *Spec) *string { return &s.ChirpPEM },
		"a file with the CA certificate, the worker's certificate and its key; required for chirp_port beyond loopback"),
	key("directory", path, "", func(s *Spec) *string { return &s.Directory },
		"the working directory; without it the directory of the INI file"),
	key("environment", environment, "", func(s *Spec) *[]Entry { return &s.Environment },
		`variables added to the environment, as NAME=value,OTHER="a, b"; {name}, {guid}, {index} and {port} are replaced as in command; PORT is the worker's port unless a program with contract = off is given another here`),
	key("env_file", path, "", func(s *Spec) *string { return &s.EnvFile },
		"a file of variables for the environment, which is read as Docker Compose reads it: quotation marks, # comments, $NAME, a bare NAME of the initiator's environment; the key environment overrides it; a symbolic link in its path must belong to root or to the initiator's user"),
	key("environment_inherit", inheritance, "all", func(s *Spec) *Inheritance { return &s.EnvironmentInherit },
		"which variables of the initiator's environment the worker, its hooks and its probes inherit: all, none or names such as PATH,LANG,LC_*; none leaves out PATH and HOME too, and keeps only what environment, env_file and the initiator set; a variable that a secret key names as ${env:NAME} is never inherited; without the key, the value in [initiator]"),
}

var countKeys = []row[Spec]{
	key("replicas", wholeNumber(0, 100_000), "1", func(s *Spec) *int { return &s.Replicas },
		"the number of workers").withoutRestart(),
	key("numprocs", wholeNumber(0, 100_000), "", func(s *Spec) *int { return &s.Replicas },
		"supervisord's name for replicas").withoutRestart().aliasFor("replicas"),
	key("slots", wholeNumber(1, bounds.Slots), "1", func(s *Spec) *int { return &s.Slots },
		"how many tasks one worker runs at the same time"),
	key("group", name, "", func(s *Spec) *string { return &s.Group },
		"the [group:NAME] of the worker").withoutRestart(),
	key("priority", wholeNumber(-maxInt, maxInt), "999", func(s *Spec) *int { return &s.Priority },
		"workers with a lower number start first and stop last").withoutRestart(),
	key("after", dependencies, "", func(s *Spec) *[]Dependency { return &s.After },
		"the workers that must come first, such as db:ready, migrate:completed (conditions: started, ready, completed, completed_successfully)").withoutRestart(),
	key("autostart", boolean, "true", func(s *Spec) *bool { return &s.Autostart },
		"whether the worker starts together with the initiator").withoutRestart(),
}

var portKeys = []row[Spec]{
	key("port", autoPort, "auto", func(s *Spec) *int { return &s.Port },
		"the port of the worker; auto = the next free port of the range in [initiator]"),
	key("socket", oneOf("reserve", "inherit", "bind"), "reserve", func(s *Spec) *string { return &s.Socket },
		"how the port is bound: reserve = by the worker, while the initiator reserves it; inherit = by the initiator, passed as descriptor 3 (with contract = off as systemd does it, with LISTEN_FDS and LISTEN_PID; replicas with one fixed port and without webhooks share the socket), so that connections wait while the worker restarts; bind = by the worker, unreserved; exec and the built-in jobs use inherit"),
	key("listen_addr", address, "127.0.0.1", func(s *Spec) *string { return &s.ListenAddr },
		"the address on which the worker serves its webhooks"),
}

var lifeKeys = []row[Spec]{
	key("ready", readiness, "webhook", func(s *Spec) *Ready { return &s.Ready },
		"how a worker becomes ready: webhook, line:REGEX, notify (one of its processes sends READY=1 to $NOTIFY_SOCKET), http:/path, tcp or alive; alive with contract = off or protocol = none"),
	key("start_timeout", duration, "30s", func(s *Spec) *Duration { return &s.StartTimeout },
		"the longest time until a started worker is ready"),
	key("startsecs", duration, "0", func(s *Spec) *Duration { return &s.StartSecs },
		"how long a worker must run for its start to succeed; 1 with ready = alive").withoutRestart(),
	key("heartbeat_span", duration, durationText(proactor.DefaultHeartbeatSpan), func(s *Spec) *Duration { return &s.HeartbeatSpan },
		"the time from one heartbeat to the next"),
	key("heartbeat_tolerance", duration, durationText(proactor.DefaultHeartbeatTolerance), func(s *Spec) *Duration { return &s.HeartbeatTolerance },
		"the time without a heartbeat after which the worker is replaced"),
}

var taskKeys = []row[Spec]{
	key("task_timeout", duration, "0", func(s *Spec) *Duration { return &s.Tasks.Timeout },
		"the longest time for one attempt of a task; 0 = no limit").withoutRestart(),
	key("progress_timeout", duration, "0", func(s *Spec) *Duration { return &s.Tasks.ProgressTimeout },
		"the longest time for a task without progress; 0 = no limit").withoutRestart(),
	key("attempts", wholeNumber(1, 1_000_000), "3", func(s *Spec) *int { return &s.Tasks.Attempts },
		"the number of attempts before a task is dead").withoutRestart(),
	key("at_most_once", boolean, "false", func(s *Spec) *bool { return &s.Tasks.AtMostOnce },
		"make no other attempt at a task after an attempt that reached a worker, however that ended").withoutRestart(),
	key("retry_delay", duration, "1s", func(s *Spec) *Duration { return &s.Tasks.RetryDelay },
		"the delay before the second attempt; it doubles with each further attempt").withoutRestart(),
	key("retry_delay_max", duration, "10min", func(s *Spec) *Duration { return &s.Tasks.RetryDelayMax },
		"the longest delay between two attempts").withoutRestart(),
	key("retry_jitter", fraction, "0.1", func(s *Spec) *float64 { return &s.Tasks.RetryJitter },
		"the random share of the delay; 0.1 = 10 percent more or less").withoutRestart(),
	key("queue_max", wholeNumber(0, maxInt), "0", func(s *Spec) *int { return &s.Tasks.QueueMax },
		"the limit of waiting tasks; 0 = no limit").withoutRestart(),
	key("callback_secret", text, "", func(s *Spec) *string { return &s.Tasks.CallbackSecret },
		"the key that signs callbacks; without it a key is derived from the API's token; workers do not see it").withoutRestart().markSecret(),
	key("retention", retention, retentionText(DefaultRetention), func(s *Spec) *Retention { return &s.Tasks.Retention },
		"how many completed and cancelled tasks are kept, and for how long").withoutRestart(),
	key("retention_failed", failedRetention, retentionText(DefaultFailedRetention), func(s *Spec) *Retention { return &s.Tasks.RetentionFailed },
		"how many failed tasks are kept, and for how long").withoutRestart(),
	key("retention_dead", failedRetention, retentionText(DefaultFailedRetention), func(s *Spec) *Retention { return &s.Tasks.RetentionDead },
		"how many dead tasks are kept, and for how long").withoutRestart(),
}
