package plan

import (
	"path/filepath"
	"time"

	"initiator/proactor"
)

// Plan holds everything that one INI file and its includes ask for. It is
// made by [Load] or [Make], is complete (every default filled in) and is never
// changed afterwards: a reload makes a second Plan and compares the two.
type Plan struct {
	// File is the path that was read, as given.
	File string
	// Dir is the absolute directory of File; relative paths in the INI are
	// relative to it.
	Dir string
	// Settings are the keys of [initiator].
	Settings Settings
	// Workers holds one Spec per [worker:NAME], in the order of the file.
	Workers []Spec
	// Schedules holds one Schedule per [schedule:NAME], in the order of the file.
	Schedules []Schedule
	// Groups holds one Group per [group:NAME], in the order of the file.
	Groups []Group
	// Defaults are the resolved entries of [DEFAULT], which every worker is
	// given on its stdin.
	Defaults []Entry
	// Sections are the resolved entries of the user's own sections, by name:
	// the sections of modules and of workers by their guid are shown to them.
	Sections map[string][]Entry
	// SecretVariables are the environment variables that secret keys name as
	// ${env:NAME}, sorted. Only the initiator itself has them.
	SecretVariables []string
	// Warnings are faults that do not stop a start, such as a clamped port.
	Warnings []string
}

// Path returns the absolute path of File; "" when the plan comes from no file.
func (p *Plan) Path() string {
	if p.File == "" {
		return ""
	}
	return filepath.Join(p.Dir, filepath.Base(p.File))
}

// FindSpec returns the worker definition with that name.
func (p *Plan) FindSpec(name string) (*Spec, bool) {
	for i := range p.Workers {
		if p.Workers[i].Name == name {
			return &p.Workers[i], true
		}
	}
	return nil, false
}

// Entry is one key and its resolved value. Valued is false for a key that
// stands alone on its line, which Python's configparser reads as None.
type Entry = proactor.Entry

// Settings are the keys of [initiator], resolved.
type Settings struct {
	ListenAddr  string // where the API listens on TCP; "127.0.0.1"
	ListenPort  int    // its port; 0 = any free one
	SocketMode  uint32 // permissions of the unix socket; 0600
	SocketGroup string // group of the unix socket, a name or a number; "" = of the initiator
	StateDir    string // absolute; ".initiator" beside the file
	// StateDirUnsafe is "allow" when StateDir may be a directory that another user
	// can change.
	StateDirUnsafe string
	Sync           Sync   // of the tasks; always
	LogFile        string // absolute; "" = stderr, StdoutPath = stdout
	LogMaxBytes    int64  // size at which the file is rotated, 0 = never; 50MB
	LogBackups     int    // rotated files that are kept; 10
	LogFiles       LogFiles
	LogLevel       string // trace, debug, info, warn, error; "info"
	ChildPortMin   int    // lowest port for workers; 49152
	ChildPortMax   int    // highest port for workers, inclusive; 65535
	Insecure       bool   // listen beyond loopback without TLS
	// EnvironmentInherit is that of workers without the key.
	EnvironmentInherit Inheritance
}

// Sync says when the queue syncs its writes to the disk. The zero value means
// always: before a write is acknowledged.
type Sync struct {
	Off   bool
	Every time.Duration // 0 = always
}

// Group is a [group:NAME]: specs that are supervised together.
type Group struct {
	Name     string
	Programs []string // names of the specs, in their order
	Priority int      // 999
	Strategy Strategy
}

// Strategy says which siblings restart when one worker of a group dies, with
// the meaning these names have in Erlang/OTP's supervisor.
type Strategy string

// The strategies.
const (
	OneForOne  Strategy = "one_for_one"
	OneForAll  Strategy = "one_for_all"
	RestForOne Strategy = "rest_for_one"
)

// Spec is one worker definition after reading the INI. All workers made from
// it form a pool of the same name.
type Spec struct {
	Name string // NAME of [worker:NAME]
	File string // where the section stands
	Line int
	// FromSupervisord says that the section stands in a supervisord.conf, where a word
	// in braces stands for nothing, and `signal` reaches the main process alone. No key
	// sets it.
	FromSupervisord bool

	// What.
	Command  []string // argv, after shell-like splitting; nil with Exec
	Exec     []string // argv of the process that runs one task; nil with Command
	ExecMode string   // "task" (one process a task) or "lines"
	ExecIDs  bool     // with "lines", lines and answers carry the task's id
	// RetryExitCodes are the exit codes of Exec after which a task is tried
	// again: "any", "none" or a list such as "1,75".
	RetryExitCodes string
	Module         string // turberfield: run as Interpreter... -m Module
	Interpreter    []string
	Contract       bool   // gives argv pair, sockets and stdin of the worker contract
	Protocol       string // "webhook", "ding" or "none"
	Channel        int
	Connect        string // "token" or "open"
	Direct         string // "token" or "open"
	// DirectCompression is "none", "gzip", "zstd" or "zlib".
	DirectCompression string
	// ChirpPort is 0 for none; ChirpPEM is absolute, or "".
	ChirpPort   int
	ChirpPEM    string
	Directory   string  // absolute working directory; "" = Plan.Dir
	Environment []Entry // added to the initiator's own environment, env_file first
	EnvFile     string  // absolute; [Load] has put its entries into Environment
	// FileVariables is how many entries of Environment come from EnvFile. They have
	// no placeholders. No key sets it.
	FileVariables int
	// EnvironmentInherit selects the variables of the initiator's own environment.
	EnvironmentInherit Inheritance

	// How many.
	Replicas int
	Slots    int
	Group    string
	Priority int // lower starts first and stops last; 999
	After    []Dependency
	// GroupPriority comes before Priority. It is the priority of the group, or
	// of the worker when it has no group. No key sets it.
	GroupPriority int

	// Port.
	Port       int    // 0 = auto
	Socket     string // "reserve", "inherit" or "bind"
	ListenAddr string // where the worker serves its webhooks

	// Ready.
	Ready        Ready
	StartTimeout time.Duration
	StartSecs    time.Duration

	// Alive.
	HeartbeatSpan      time.Duration
	HeartbeatTolerance time.Duration
	Probe              Probe

	Restart Restart

	// Stop.
	StopSignal  string // "TERM"; a name without SIG
	StopAsGroup string // whom it reaches: GroupAuto, GroupTrue or GroupFalse
	StopWait    time.Duration
	// LeaveDescendants says when what the main process leaves is left: LeaveNone,
	// LeaveExit or LeaveAlways. "" = LeaveNone.
	LeaveDescendants string
	Drain            time.Duration
	StopCommand      []string
	BeforeStart      []string
	ReloadSignal     string // "" and no ReloadCommand = restart on reload
	ReloadCommand    []string
	CheckCommand     []string // before a requested reload or restart
	OnInitiatorExit  string   // "stop" or "keep"
	OrphanGrace      time.Duration
	// PIDFile is where the program writes the pid of its main process; relative to
	// Directory, with placeholders; "" = the main process is what Command starts.
	PIDFile   string
	Autostart bool

	Limits Limits

	// Logs.
	Stdout         Log
	Stderr         Log // of no meaning when RedirectStderr
	RedirectStderr bool
	LogFiles       LogFiles
	LogPrefix      string // PrefixAuto, PrefixName or PrefixNone
	LogParse       string // a format of package loglevel
	LogFull        string // FullAuto, FullBlock or FullDrop

	Tasks Tasks

	// Config holds what the worker's own section on stdin shows: the
	// entries of [worker:NAME] overlaid with [config:NAME], resolved.
	Config []Entry
}

// Dependency is one item of `after = db:ready`.
type Dependency struct {
	Name      string
	Condition string // "started", "ready", "completed" or "completed_successfully"
}

// Ready says how the initiator recognises that a worker can be used.
type Ready struct {
	Kind    string // "webhook", "line", "notify", "http", "tcp" or "alive"
	Pattern string // the regular expression of "line"
	Path    string // the path of "http"
}

// AssumedRules says for the restart policy where its values come from when the
// file does not set their keys: each is a rule in words. "" = the file has the key.
type AssumedRules struct {
	Auto    string
	Limit   string
	Retries string
}

// Restart is the part of a spec that the restart policy reads.
type Restart struct {
	Assumed AssumedRules
	Auto    string // "unexpected", "true" or "false"
	// AutoAssumed says that Auto is "true" because the worker serves tasks, and
	// not because the file says so. It does not hold for a worker that may end by
	// itself: a launched worker, or the worker of `up --main`.
	AutoAssumed bool
	ExitCodes   []int // codes that count as clean; 0
	Delay       time.Duration
	DelayMax    time.Duration
	Factor      float64
	Jitter      float64       // 0.1 = ±10 %
	Limit       int           // the Limit-th death within Window is FATAL; 0 = no limit
	Window      time.Duration //
	// LimitAssumed says that Limit is 0 because the file says nothing, so that it
	// does not hold for the worker of `up --main`.
	LimitAssumed bool
	Retries      int           // deaths in a row before startsecs that are FATAL; 0 = none set
	Reset        time.Duration // unbroken readiness after which the deaths so far are forgotten
	OnFatal      string        // "ignore" or "shutdown"
	// RetryEarly makes a death before startsecs a failed start, which is tried
	// again whatever Auto and ExitCodes say, as supervisord has it.
	RetryEarly bool

	RecycleTasks int           // end a worker after so many tasks; 0 = never
	RecycleRSS   int64         // … once it holds so many bytes; 0 = never
	RecycleAge   time.Duration // … at this age; 0 = never
}

// Log says where one output stream goes.
type Log struct {
	// Path is absolute; OwnOutput, StdoutPath and StderrPath are the initiator's own
	// outputs; "" drops it.
	// "{guid}" in it stands for the worker's guid.
	Path     string
	MaxBytes int64 // rotate at this size; 0 = never
	Backups  int   // keep .1 … .Backups
	Raw      bool  // the lines as they come, without the time before each
}

// LogFiles says which permissions and which owner new log files get. Files that
// exist stay as they are.
type LogFiles struct {
	Mode uint32 // 0 = 0600, or after a rotation that of the file before
	// UnderUmask makes Mode subject to the umask of the initiator, as supervisord's
	// logs are. No key sets it.
	UnderUmask bool
	Owner      string // user or user:group; "" = the initiator's, or after a rotation that of the file before
}

// Retention limits the finished tasks that are kept, by number and by age.
type Retention struct {
	Tasks int
	Age   time.Duration
}

// DefaultRetention is the retention of completed and cancelled tasks in a pool
// that the file gives none.
var DefaultRetention = Retention{Tasks: 10_000, Age: time.Hour}

// DefaultFailedRetention is the retention of failed tasks, and of dead tasks. Its
// number bounds the memory and the disk space of a pool whose every task fails.
var DefaultFailedRetention = Retention{Tasks: 100_000, Age: 30 * 24 * time.Hour}

// Tasks are the defaults for tasks submitted to this pool.
type Tasks struct {
	Timeout         time.Duration // one attempt; 0 = none
	ProgressTimeout time.Duration // 0 = none
	Attempts        int
	AtMostOnce      bool
	RetryDelay      time.Duration
	RetryDelayMax   time.Duration
	RetryJitter     float64
	QueueMax        int       // 0 = no limit
	CallbackSecret  string    // signs callbacks; "" = made from the API's token
	Retention       Retention // of completed and cancelled tasks
	RetentionFailed Retention
	RetentionDead   Retention
}
