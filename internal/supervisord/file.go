package supervisord

import "initiator/proactor"

// Environment is the part of the system that a configuration refers to. It is
// only read.
type Environment struct {
	// Lookup answers %(ENV_X)s and ~, as os.LookupEnv does. Nil = no variable
	// is set.
	Lookup func(string) (string, bool)
	// Host is the value of %(host_node_name)s.
	Host string
	// Mark keeps variables of the environment apart from their values; see
	// [MarkVariable].
	Mark bool
}

// File is the whole content of a configuration.
type File struct {
	Path string
	// Here is the absolute directory of Path.
	Here     string
	Settings Settings
	// Groups are in the order in which supervisord starts them.
	Groups []Group
	// Warnings names what supervisord would do and the initiator does not, and
	// what supervisord itself warns about, each with its line.
	Warnings proactor.Faults
	// Sections holds all sections as they are in the files, with their
	// comments, in the order of reading. Sections with the same name are not
	// merged.
	Sections []*Section

	lookup func(string) (string, bool) // the environment of a reading with Mark
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
	User            string // "" = unchanged
	UID             int    // of User
	Umask           int    // of the daemon; -1 = not given
	Directory       string // of the daemon; "" = not given
	NoDaemon        bool
	MinFDs          int // 0 = not given
	Environment     []proactor.Entry
	// Socket is the `file` of [unix_http_server]; "" = none.
	Socket string
	// SocketMode is its chmod, without the bits that have no meaning for a
	// socket, and SocketGroup the group of its chown; "" = none. With a password
	// they are 0600 and "".
	SocketMode  int
	SocketGroup string
	// SocketUser is the user of its chown, "" = not given, and SocketUID the
	// number of the user.
	SocketUser string
	SocketUID  int
	// Included are the files that were read besides File.Path.
	Included []string
}

// Group is a set of processes that supervisord starts and addresses together: a
// [group:x], or a [program:x] that is in no group.
type Group struct {
	Name     string
	Explicit bool // the file has [group:x]
	File     string
	Line     int
	Priority int
	// Processes are in the order in which supervisord starts them.
	Processes []Process
}

// Process is one process that supervisord would keep running.
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

	Environment  []proactor.Entry // [supervisord]'s, overlaid with the program's
	Directory    string           // "" = where supervisord was started
	User         string           // "" = supervisord's
	UID          int              // of User
	Umask        int              // -1 = supervisord's
	Priority     int
	Autostart    bool
	Autorestart  string // "unexpected", "true" or "false"
	StartSecs    int
	StartRetries int
	// AutorestartGiven and StartRetriesGiven say that the file has the key.
	AutorestartGiven  bool
	StartRetriesGiven bool
	ExitCodes         []int
	StopSignal        int
	StopWaitSecs      int
	StopAsGroup       bool
	KillAsGroup       bool
	ServerURL         string // "" = AUTO

	RedirectStderr bool
	Stdout         Log
	Stderr         Log // LogNone when RedirectStderr
}

// Log says where one output stream goes.
type Log struct {
	Kind     LogKind
	Path     string // of LogToFile, as written
	MaxBytes int64  // 0 or less = never rotated
	Backups  int
	Syslog   bool
	Capture  int64 // stdout_capture_maxbytes
	Events   bool  // stdout_events_enabled
}

// LogKind is the kind of a log's destination.
type LogKind int

// The kinds of a log.
const (
	LogAuto   LogKind = iota // a file that supervisord names
	LogNone                  // no log
	LogToFile                // the file Log.Path
)
