package plan

// initiatorKeys are the keys of [initiator].
var initiatorKeys = joinRows(ownKeys, logFileKeys(func(s *Settings) *LogFiles { return &s.LogFiles }))

var ownKeys = []row[Settings]{
	key("listen_addr", address, "127.0.0.1", func(s *Settings) *string { return &s.ListenAddr },
		"the address on which the API and the web page listen"),
	key("listen_port", wholeNumber(0, maxPort), "0", func(s *Settings) *int { return &s.ListenPort },
		"the port of the API; 0 = any free port, printed at start"),
	key("socket_mode", fileMode, "0600", func(s *Settings) *uint32 { return &s.SocketMode },
		"the permissions of the unix socket in the state directory; a mode for a group or for all lets them go through the directory as well, whose other files stay private"),
	key("socket_group", text, "", func(s *Settings) *string { return &s.SocketGroup },
		"the group of the unix socket, a name or a number, together with socket_mode = 0660; empty = the group of the initiator"),
	key("state_dir", path, ".initiator", func(s *Settings) *string { return &s.StateDir },
		"the directory for sockets, logs and tasks"),
	key("state_dir_unsafe", oneOf("refuse", "allow"), "refuse", func(s *Settings) *string { return &s.StateDirUnsafe },
		"what to do about a state_dir that another user can change: refuse = use a private directory in it, or do not start; allow = use it as it is, and show the problem in status"),
	key("sync", syncs, "always", func(s *Settings) *Sync { return &s.Sync },
		"when tasks are synced to the disk: always = before they are acknowledged, interval:TIME = at an interval, off = when the system does; a killed initiator loses no task in any case"),
	key("logfile", path, "-", func(s *Settings) *string { return &s.LogFile },
		"the file for the initiator's log; - = stderr; a symbolic link in its path must belong to root or to the initiator's user"),
	key("logfile_maxbytes", size, "50MB", func(s *Settings) *int64 { return &s.LogMaxBytes },
		"the size at which the log is rotated; 0 = never"),
	key("logfile_backups", wholeNumber(0, 10_000), "10", func(s *Settings) *int { return &s.LogBackups },
		"how many rotated logs are kept"),
	key("loglevel", oneOf("trace", "debug", "info", "warn", "error"), "info", func(s *Settings) *string { return &s.LogLevel },
		"the lowest level that is logged"),
	key("child_port_min", wholeNumber(1, maxPort), "49152", func(s *Settings) *int { return &s.ChildPortMin },
		"the lowest port for workers"),
	key("child_port_max", wholeNumber(1, maxPort+1), "65535", func(s *Settings) *int { return &s.ChildPortMax },
		"the highest port for workers, inclusive"),
	key("environment_inherit", inheritance, "all", func(s *Settings) *Inheritance { return &s.EnvironmentInherit },
		"the environment_inherit of workers without this key").withoutRestart(),
	key("insecure", boolean, "false", func(s *Settings) *bool { return &s.Insecure },
		"allow addresses beyond loopback without TLS; each start logs a warning"),
}

// groupKeys are the keys of [group:NAME].
var groupKeys = []row[Group]{
	key("programs", nameList, "", func(g *Group) *[]string { return &g.Programs },
		"the workers of the group, in their order"),
	key("priority", wholeNumber(-maxInt, maxInt), "999", func(g *Group) *int { return &g.Priority },
		"workers with a lower number start first and stop last"),
	key("strategy", strategy, "one_for_one", func(g *Group) *Strategy { return &g.Strategy },
		"which workers restart when one dies: only that worker, all, or that worker and the workers after it"),
}

// include holds the keys of [include].
type include struct{ files []string }

// includeKeys are the keys of [include].
var includeKeys = []row[include]{
	key("files", commandLine, "", func(i *include) *[]string { return &i.files },
		"patterns of further files to read, relative to this file"),
}
