package plan

// Limits are what the kernel enforces on a worker; zero values mean
// "as inherited".
type Limits struct {
	User      string // user or user:group
	Umask     int    // -1 = as inherited
	Nice      int
	NoFile    uint64
	Core      *uint64 // nil = as inherited; 0 = no core dumps
	MemoryMax int64   // bytes
	CPUMax    float64 // cores
	PidsMax   int64
	// NoNewPrivs keeps the process and its descendants from gaining privileges by
	// executing a file, such as a setuid program (Linux).
	NoNewPrivs bool
}

var limitKeys = []row[Spec]{
	key("user", userName, "", func(s *Spec) *string { return &s.Limits.User },
		"the user, or user:group, of the process"),
	key("umask", octalMode, "", func(s *Spec) *int { return &s.Limits.Umask },
		"the umask of the process, such as 022"),
	key("nice", wholeNumber(-20, 19), "0", func(s *Spec) *int { return &s.Limits.Nice },
		"the scheduling priority of the process, from -20 (first) to 19 (last)"),
	key("limit_nofile", count, "", func(s *Spec) *uint64 { return &s.Limits.NoFile },
		"the limit of open file descriptors"),
	key("limit_core", coreSize, "", func(s *Spec) **uint64 { return &s.Limits.Core },
		"the limit of a core dump; 0 = none, unlimited = any size"),
	key("memory_max", size, "", func(s *Spec) *int64 { return &s.Limits.MemoryMax },
		"the memory limit of the worker's cgroup"),
	key("cpu_max", cores, "", func(s *Spec) *float64 { return &s.Limits.CPUMax },
		"the CPU limit of the worker's cgroup in cores, such as 1.5 or 150%"),
	key("pids_max", bigNumber(1), "", func(s *Spec) *int64 { return &s.Limits.PidsMax },
		"the limit of processes in the worker's cgroup"),
	key("no_new_privs", boolean, "false", func(s *Spec) *bool { return &s.Limits.NoNewPrivs },
		"whether the process and its descendants are kept from gaining privileges by executing a file, such as sudo (Linux only)"),
}
