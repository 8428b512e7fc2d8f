package plan

// initiatorKeys are the keys of [initiator].
var initiatorKeys = []row[Settings]{
	key("listen_addr", address, "127.0.0.1", func(s *Settings) *string { return &s.ListenAddr },
		"where the API and the dashboard listen"),
	key("listen_port", number(0, maxPort), "0", func(s *Settings) *int { return &s.ListenPort },
		"their port; 0 = any free one, printed at start"),
	key("socket_mode", fileMode, "0600", func(s *Settings) *uint32 { return &s.SocketMode },
		"the permissions of the unix socket in the state directory"),
	key("state_dir", path, ".initiator", func(s *Settings) *string { return &s.StateDir },
		"where sockets, logs and tasks are kept"),
	key("sync", syncs, "always", func(s *Settings) *Sync { return &s.Sync },
		"when tasks are on the disk: before anybody is told, at an interval, or when the system likes; what is killed loses nothing in any case"),
	key("logfile", path, "-", func(s *Settings) *string { return &s.LogFile },
		"where the initiator logs to; - = stderr"),
	key("logfile_maxbytes", size, "50MB", func(s *Settings) *int64 { return &s.LogMaxBytes },
		"rotate it before it grows larger; 0 = never"),
	key("logfile_backups", number(0, 10_000), "10", func(s *Settings) *int { return &s.LogBackups },
		"how many rotated ones are kept"),
	key("loglevel", oneOf("trace", "debug", "info", "warn", "error"), "info", func(s *Settings) *string { return &s.LogLevel },
		"the least important lines that are logged"),
	key("child_port_min", number(1, maxPort), "49152", func(s *Settings) *int { return &s.ChildPortMin },
		"the lowest port for workers"),
	key("child_port_max", number(1, maxPort+1), "65535", func(s *Settings) *int { return &s.ChildPortMax },
		"the highest port for workers, itself included"),
	key("insecure", boolean, "false", func(s *Settings) *bool { return &s.Insecure },
		"allows to listen beyond loopback without TLS; repeated in the log at every start"),
}

// groupKeys are the keys of [group:NAME].
var groupKeys = []row[Group]{
	key("programs", nameList, "", func(g *Group) *[]string { return &g.Programs },
		"the workers of the group, in their order"),
	key("priority", number(-maxInt, maxInt), "999", func(g *Group) *int { return &g.Priority },
		"lower starts first and stops last"),
	key("strategy", strategy, "one_for_one", func(g *Group) *Strategy { return &g.Strategy },
		"who restarts when one dies: only it, all, or it and those after it"),
}

// include is what [include] says.
type include struct{ files []string }

// includeKeys are the keys of [include].
var includeKeys = []row[include]{
	key("files", commandLine, "", func(i *include) *[]string { return &i.files },
		"patterns of files to be read as well, relative to this one"),
}
