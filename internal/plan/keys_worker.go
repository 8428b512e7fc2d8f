package plan

import "initiator/proactor"

// workerKeys are the keys of [worker:NAME], in the groups of the reference.
var workerKeys = concat(whatKeys, countKeys, portKeys, lifeKeys, probeKeys, restartKeys, stopKeys, limitKeys, logKeys, taskKeys)

func concat[S any](groups ...[]row[S]) []row[S] {
	var all []row[S]
	for _, g := range groups {
		all = append(all, g...)
	}
	return all
}

var whatKeys = []row[Spec]{
	key("command", commandLine, "", func(s *Spec) *[]string { return &s.Command },
		"the program to run and its arguments; quotes as in a shell, but no shell and no variables; {guid} and {port} stand for the worker's own"),
	key("exec", commandLine, "", func(s *Spec) *[]string { return &s.Exec },
		"a command of which one process is run for each task, in place of command"),
	key("exec_mode", oneOf("task", "lines"), "task", func(s *Spec) *string { return &s.ExecMode },
		"task = one process a task; lines = one process, a line in and a line out for each task"),
	key("module", text, "", func(s *Spec) *string { return &s.Module },
		"a module that the interpreter runs with -m, in place of command"),
	key("interpreter", commandLine, "python3", func(s *Spec) *[]string { return &s.Interpreter },
		"what runs the module"),
	key("contract", onOff, "on", func(s *Spec) *bool { return &s.Contract },
		"whether the process is given --guid, --port, sockets and its configuration on stdin"),
	key("protocol", oneOf("webhook", "ding", "none"), "webhook", func(s *Spec) *string { return &s.Protocol },
		"how it is given tasks; none with contract = off"),
	key("channel", number(0, maxInt), "0", func(s *Spec) *int { return &s.Channel },
		"the Channel header that both ends of the webhooks must agree on"),
	key("connect", oneOf("token", "open"), "token", func(s *Spec) *string { return &s.Connect },
		"whether /connect of the worker demands its token"),
	key("direct", oneOf("token", "open"), "token", func(s *Spec) *string { return &s.Direct },
		"whether the worker's direct door demands its token; open only on loopback"),
	key("direct_compression", oneOf("none", "gzip", "zstd", "zlib"), "none", func(s *Spec) *string { return &s.DirectCompression },
		"what the bodies of direct calls are compressed with when they do not say it, as toto's"),
	key("chirp_port", number(0, 65535), "0", func(s *Spec) *int { return &s.ChirpPort },
		"where nodes of libchirp may call a Go worker's default method, without a token; 0 = nowhere"),
	key("chirp_pem", path, "", func(s *Spec) *string { return &s.ChirpPEM },
		"the authority's certificate, the worker's own, and its key; beyond loopback chirp_port needs them"),
	key("directory", path, "", func(s *Spec) *string { return &s.Directory },
		"the working directory; without it that of the INI file"),
	key("environment", environment, "", func(s *Spec) *[]Entry { return &s.Environment },
		`variables added to the environment, as NAME=value,OTHER="a, b"`),
	key("env_file", path, "", func(s *Spec) *string { return &s.EnvFile },
		"a file of NAME=value lines, added to the environment before the key environment"),
}

var countKeys = []row[Spec]{
	key("replicas", number(0, 100_000), "1", func(s *Spec) *int { return &s.Replicas },
		"how many workers of this kind").lives(),
	key("numprocs", number(0, 100_000), "", func(s *Spec) *int { return &s.Replicas },
		"supervisord's name for replicas").lives().alias("replicas"),
	key("slots", number(1, 100_000), "1", func(s *Spec) *int { return &s.Slots },
		"how many tasks one worker runs at once"),
	key("group", name, "", func(s *Spec) *string { return &s.Group },
		"the [group:NAME] that it belongs to").lives(),
	key("priority", number(-maxInt, maxInt), "999", func(s *Spec) *int { return &s.Priority },
		"lower starts first and stops last").lives(),
	key("after", dependencies, "", func(s *Spec) *[]Dependency { return &s.After },
		"what must come first, as db:ready, migrate:completed (started, ready, completed, completed_successfully)").lives(),
	key("autostart", boolean, "true", func(s *Spec) *bool { return &s.Autostart },
		"whether it starts together with the initiator").lives(),
}

var portKeys = []row[Spec]{
	key("port", autoPort, "auto", func(s *Spec) *int { return &s.Port },
		"auto = the next free one of the range in [initiator]"),
	key("socket", oneOf("reserve", "inherit", "bind"), "reserve", func(s *Spec) *string { return &s.Socket },
		"who binds the port: reserve = the worker, while the initiator keeps others off it; inherit = the initiator, as descriptor 3; bind = the worker, unprotected. inherit with exec and with the built-in jobs"),
	key("listen_addr", address, "127.0.0.1", func(s *Spec) *string { return &s.ListenAddr },
		"where the worker serves its webhooks"),
}

var lifeKeys = []row[Spec]{
	key("ready", readiness, "webhook", func(s *Spec) *Ready { return &s.Ready },
		"what proves that a worker can be used: webhook, line:REGEX, notify, http:/path, tcp or alive; alive with contract = off or protocol = none"),
	key("start_timeout", duration, "30s", func(s *Spec) *Duration { return &s.StartTimeout },
		"how long a start may take until it is ready"),
	key("startsecs", duration, "0", func(s *Spec) *Duration { return &s.StartSecs },
		"how long it must stay alive for the start to count; 1 with ready = alive").lives(),
	key("heartbeat_span", duration, durationText(proactor.DefaultHeartbeatSpan), func(s *Spec) *Duration { return &s.HeartbeatSpan },
		"the time from one heartbeat to the next"),
	key("heartbeat_tolerance", duration, durationText(proactor.DefaultHeartbeatTolerance), func(s *Spec) *Duration { return &s.HeartbeatTolerance },
		"how long heartbeats may stay away before the worker is replaced"),
}

var taskKeys = []row[Spec]{
	key("task_timeout", duration, "0", func(s *Spec) *Duration { return &s.Tasks.Timeout },
		"how long one attempt at a task may take; 0 = no limit").lives(),
	key("progress_timeout", duration, "0", func(s *Spec) *Duration { return &s.Tasks.ProgressTimeout },
		"how long a task may run without progress; 0 = no limit").lives(),
	key("attempts", number(1, 1_000_000), "3", func(s *Spec) *int { return &s.Tasks.Attempts },
		"how often a task is tried before it is dead").lives(),
	key("retry_delay", duration, "1s", func(s *Spec) *Duration { return &s.Tasks.RetryDelay },
		"the wait before the second attempt; it doubles with each further one").lives(),
	key("retry_delay_max", duration, "10min", func(s *Spec) *Duration { return &s.Tasks.RetryDelayMax },
		"the longest wait between two attempts").lives(),
	key("retry_jitter", fraction, "0.1", func(s *Spec) *float64 { return &s.Tasks.RetryJitter },
		"by how much of itself the wait varies at random").lives(),
	key("queue_max", number(0, maxInt), "0", func(s *Spec) *int { return &s.Tasks.QueueMax },
		"how many tasks may wait; 0 = no limit").lives(),
	key("callback_secret", text, "", func(s *Spec) *string { return &s.Tasks.CallbackSecret },
		"the key of the signature that callbacks bear; without it one that is made from the API's token. Workers are not shown it").lives(),
	key("retention", retention, "tasks:10000, age:1h", func(s *Spec) *Retention { return &s.Tasks.Retention },
		"how many finished tasks are remembered, and for how long").lives(),
}
