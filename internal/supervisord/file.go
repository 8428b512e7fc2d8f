package supervisord

import "initiator/proactor"

// Environment is what a reading is told of the world outside its files. It is read
// and never changed.
type Environment struct {
	// Lookup answers %(ENV_X)s and ~, as os.LookupEnv does. Nil = no variable is set.
	Lookup func(string) (string, bool)
	// Host is %(host_node_name)s.
	Host string
	// Mark keeps variables of the environment apart from their values; see [Mark].
	Mark bool
}

// File is everything that a configuration says.
type File struct {
	Path string
	// Here is the absolute directory of Path.
	Here     string
	Settings Settings
	// Groups are in the order in which supervisord starts them.
	Groups []Group
	// Warnings are what supervisord would do and we do not, and what it warns
	// of itself; each with its line.
	Warnings proactor.Faults
	// Sections are all sections as they stand in the files, with their
	// comments, in the order of reading; duplicates are apart.
	Sections []*Section

	lookup func(string) (string, bool) // the environment of a marked reading
}

// Settings are the keys of [supervisord], resolved.
type Settings struct {
	File            string
	Line            int
	LogFile         string // as written; "" = not given
	LogFileMaxBytes int64
	LogFileBackups  int
	LogLevel        string // critical, error, warn, info, debug, trace or blather
	ChildLogDir     string // where AUTO logs go; "" = not given
	Identifier      string
	User            string // "" = stays who it is
	UID             int    // of User
	Umask           int    // of the daemon; -1 = not given
	Directory       string // of the daemon; "" = not given
	NoDaemon        bool
	MinFDs          int // 0 = not given
	Environment     []proactor.Entry
	// Socket is the `file` of [unix_http_server]; "" = none.
	Socket string
}

// Group is a set of processes that supervisord starts and addresses together:
// a [group:x], or a [program:x] that is in none.
type Group struct {
	Name     string
	Explicit bool // stands in the file as [group:x]
	File     string
	Line     int
	Priority int
	// Processes are in the order in which supervisord starts them.
	Processes []Process
}

// Process is one process that supervisord would keep.
type Process struct {
	Name    string // %(process_name)s, without its group
	Group   string
	Program string // x of [program:x]
	Section *Section

	Command string
	Argv    []string
	// Problem says why Command can never be started; supervisord finds out
	// when it starts it. Argv is nil then.
	Problem string

	Environment  []proactor.Entry // that of [supervisord] with the program's laid over it
	Directory    string           // "" = where supervisord was started
	User         string           // "" = supervisord's
	UID          int              // of User
	Umask        int              // -1 = supervisord's
	Priority     int
	Autostart    bool
	Autorestart  string // "unexpected", "true" or "false"
	StartSecs    int
	StartRetries int
	ExitCodes    []int
	StopSignal   int
	StopWaitSecs int
	StopAsGroup  bool
	KillAsGroup  bool
	ServerURL    string // "" = AUTO

	RedirectStderr bool
	Stdout         Log
	Stderr         Log // None when RedirectStderr
}

// Log says where one stream goes.
type Log struct {
	Kind     LogKind
	Path     string // of LogToFile, as written
	MaxBytes int64  // 0 or less = never rotated
	Backups  int
	Syslog   bool
	Capture  int64 // stdout_capture_maxbytes
	Events   bool  // stdout_events_enabled
}

// LogKind is one of three kinds of destination.
type LogKind int

// The kinds of a log.
const (
	LogAuto   LogKind = iota // a file that supervisord names
	LogNone                  // nowhere
	LogToFile                // Log.Path
)
