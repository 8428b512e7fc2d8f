package keeper

import (
	"os"
	"strconv"
	"time"
)

// Version is the version of the messages in this file. A keeper says its own
// in the first event, so that a newer initiator can go on with an older keeper:
// it does without the orders that came later.
//
//	1  the first
//	2  clear, and the event cleared; watch can await
const Version = 2

// versionText is the Version that this program's keeper has. A test links a program
// with an older one (-ldflags=-X), to see what becomes of newer orders there.
var versionText = "2"

// ownVersion is speaks as a number.
func ownVersion() int {
	n, err := strconv.Atoi(versionText)
	if err != nil {
		return Version
	}
	return n
}

// SpawnOrder asks for one process. The keeper decides nothing: all that it needs
// is here in plain values.
type SpawnOrder struct {
	GUID        string
	Incarnation int

	// Argv is what the process is given. Argv[0] without a slash is looked
	// up in the PATH of Env.
	Argv []string
	// Env is the whole environment, as KEY=value.
	Env []string
	// Dir is the working directory.
	Dir string

	// Stdin is written to the process and followed by end-of-file. Nil
	// gives it /dev/null.
	Stdin []byte
	// PassSocket gives it, as descriptor 3, the socket that Hold left for GUID.
	PassSocket bool `json:"PassHeld"`
	// Stream, when not nil, becomes descriptor 4. The caller may close its
	// own copy when the call has returned.
	Stream *os.File `json:"-"`
	// NoFDs gives neither descriptor 3 nor 4 nor INITIATOR_FDS. Set for
	// programs that know nothing of the contract.
	NoFDs bool

	// Stdout and Stderr say where output goes; RedirectStderr joins stderr
	// to stdout's pipe.
	Stdout, Stderr Log
	RedirectStderr bool

	// Keep holds the process when the initiator dies; otherwise it is
	// emptied then.
	Keep bool
	// OrphanGrace is how long the exit of a Keep process is kept for an initiator
	// that comes late, once nothing of any worker lives any more.
	OrphanGrace time.Duration `json:"-"`
	// Snapshot is left with the process, see Keeper.Memo; nil = nothing. Seen is
	// the newest event of the guid that it tells of.
	Snapshot    []byte `json:"-"`
	SnapshotSeq uint64 `json:"-"`

	Umask    int // -1 = as inherited
	Nice     int
	NoFile   uint64  // RLIMIT_NOFILE, soft and hard; 0 = as inherited
	Core     *uint64 // RLIMIT_CORE; nil = as inherited
	UID, GID uint32  // used when SetUser
	Groups   []uint32
	SetUser  bool
	// CgroupDir is the cgroup v2 directory to be born in, of this process
	// alone: the keeper makes it, ends with it whatever is in it, and removes
	// it when nothing of the worker is left. "" = as inherited.
	CgroupDir string
	// CgroupSet is what is written into its files before, as "memory.max=1048576".
	CgroupSet []string
}

// Log says where the lines of one stream go.
type Log struct {
	Path       string // absolute; "" drops the lines (they can still be watched)
	MaxBytes   int64  // rotate before the file grows past it; 0 = never
	Backups    int    // keep .1 … .Backups; 0 keeps none
	Timestamps bool   // put the time before each line
}

// EndOrder asks for a worker to be ended: Signal (and CONT) to its group and to
// every descendant found outside it; after Wait, KILL, again and again until
// nothing of it is left; then the event Emptied. A second End may shorten the
// wait or strengthen the signal, never the other way round.
type EndOrder struct {
	GUID        string
	Incarnation int
	Signal      int           // 0 = none, only wait
	Wait        time.Duration // 0 = KILL at once
}

// EventKind tells the events of a keeper apart.
type EventKind string

const (
	// KindHello is the first event: Version and PID of the keeper.
	KindHello EventKind = "hello"
	// KindSpawned: the process runs (exec has succeeded); PID and StartTime are set.
	KindSpawned EventKind = "spawned"
	// KindSpawnFailed: there is no process; Error says why.
	KindSpawnFailed EventKind = "spawn_failed"
	// KindExited: the leader has ended; Code or Signal, Core, Left are set.
	KindExited EventKind = "exited"
	// KindEmptied: the leader and every descendant are gone; Proven is set.
	// It follows an Exited with Left > 0 or an End; not an Exited with Left = 0.
	KindEmptied EventKind = "emptied"
	// KindKept: a worker that was held while there was no initiator. These
	// follow the Hello of a keeper that Attach has found.
	KindKept EventKind = "held"
	// KindSynced: everything that happened in between has been told; also the
	// answer to Sync.
	KindSynced EventKind = "synced"
	// KindAdopted: the process of an Adopt is watched from now on.
	KindAdopted EventKind = "adopted"
	// KindCleared answers Clear, in the order of those; Error says which log
	// could not be emptied, and why.
	KindCleared EventKind = "cleared"
	// KindOutput: lines of a watched worker.
	KindOutput EventKind = "output"
	// KindWarning: something asked for is not in force, or a log cannot be written.
	KindWarning EventKind = "warning"
	// KindLost: the keeper is gone, Error says how it ended. The last event.
	KindLost EventKind = "lost"
)

// Event is one report. GUID and Incarnation say of which worker, where it is
// of one.
type Event struct {
	Kind        EventKind
	GUID        string `json:",omitempty"`
	Incarnation int    `json:",omitempty"`
	At          time.Time
	// Seq counts the events of workers with a memo, over all of them; 0 = of
	// one without. See Keeper.Memo.
	Seq uint64 `json:",omitempty"`
	// Age is how long ago it happened, for one that is told late. Unlike At,
	// no step of the clock changes it.
	Age time.Duration `json:",omitempty"`

	Version   int    `json:",omitempty"` // hello
	PID       int    `json:",omitempty"` // hello, spawned
	StartTime uint64 `json:",omitempty"` // spawned: field 22 of /proc/PID/stat

	Code      int   `json:",omitempty"`     // exited: exit code, -1 when killed by a signal
	Signal    int   `json:",omitempty"`     // exited: the signal, 0 when it exited by itself
	Core      bool  `json:",omitempty"`     // exited: it left a core dump
	OOM       bool  `json:",omitempty"`     // exited: the kernel killed it for want of memory
	Survivors int   `json:"Left,omitempty"` // exited: processes of it that are still alive
	MaxRSS    int64 `json:",omitempty"`     // exited: bytes
	// Unknown: an adopted process has ended, and nobody can say how.
	Unknown bool `json:",omitempty"`

	Snapshot  []byte `json:"Memo,omitempty"`   // held
	HasSocket bool   `json:"Socket,omitempty"` // held, adopted: its listening socket is here

	EmptyProven  bool     `json:"Proven,omitempty"` // emptied: false = best effort
	Killed       int      `json:",omitempty"`       // emptied: how many needed KILL
	Unattributed []string `json:"Strays,omitempty"` // exited, emptied: "pid command" of processes nobody could attribute

	Stream string   `json:",omitempty"` // output: "stdout" or "stderr"
	Lines  []string `json:",omitempty"` // output: without line ends
	// Dropped counts the lines before these that were not sent, because the
	// events were not read fast enough.
	Dropped int `json:",omitempty"`

	Error string `json:",omitempty"` // spawn_failed, cleared, warning, lost
}
