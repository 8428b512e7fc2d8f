package keeper

import (
	"os"
	"strconv"
	"time"

	"initiator/internal/logs"
)

// Version is the version of the protocol that this package speaks. A keeper
// names its own version in the first event. A newer initiator goes on with an
// older keeper and does without the orders that came later.
// docs/keeper-protocol.md describes every order and event.
//
//	1  the first
//	2  clear, and the event cleared; watch can await
//	3  end and signal choose between the main process and its group; exited
//	   names the processes that are left
//	4  share; spawn can pass the socket by systemd's protocol; processes have
//	   tags, and escaped and unattributed processes are reported
//	5  main; main_exited; a worker can go on with another main process
//	6  end can leave what the main process leaves, and left processes are reported
//	7  taken and pause; watch can have its lines acknowledged
const Version = 7

// versionText is the version that this program's keeper announces. A test links
// a program with an older version (-ldflags=-X), to see how newer orders are
// answered there.
var versionText = "7"

// ownVersion returns versionText as a number.
func ownVersion() int {
	n, err := strconv.Atoi(versionText)
	if err != nil {
		return Version
	}
	return n
}

// SpawnOrder describes one new process in plain values.
type SpawnOrder struct {
	GUID        string
	Incarnation int

	// Argv holds the arguments of the process. Argv[0] without a slash is
	// looked up in the PATH of Env.
	Argv []string
	// Env is the whole environment, as KEY=value.
	Env []string
	// Dir is the working directory.
	Dir string

	// Stdin is written to the process, and end-of-file after it. Nil gives the
	// process /dev/null.
	Stdin []byte
	// PassSocket gives the process, as descriptor 3, the socket that HoldSocket
	// left for GUID.
	PassSocket bool `json:"PassHeld"`
	// Stream, when not nil, becomes descriptor 4. The caller may close its own
	// copy when Spawn has returned.
	Stream *os.File `json:"-"`
	// NoFDs gives neither descriptor 3 nor 4 nor INITIATOR_FDS. It is set for
	// programs that do not follow the worker contract.
	NoFDs bool
	// ListenFDs passes the socket of PassSocket in spite of NoFDs, by systemd's
	// protocol: with LISTEN_FDS and LISTEN_PID in the environment.
	ListenFDs bool `json:",omitempty"`

	// Stdout and Stderr say where output goes; RedirectStderr joins stderr to
	// stdout's pipe.
	Stdout, Stderr Log
	RedirectStderr bool

	// Keep lets the process run on when the initiator dies. Without Keep the
	// process is ended then, with all its descendants.
	Keep bool
	// FollowMain lets another process of the worker take the place of the main
	// process: when the main process ends and leaves descendants, KindMainExited
	// comes instead of KindExited, and the worker waits for ReplaceMain. An older
	// keeper does not know it, and reports KindExited.
	FollowMain bool `json:",omitempty"`
	// Tag marks the process and its descendants, see ProcessTag; 0 = no mark.
	Tag uint64 `json:",omitempty"`
	// OrphanGrace is how long, once no worker lives any more, the keeper keeps
	// the exit of a Keep process for the next initiator.
	OrphanGrace time.Duration `json:"-"`
	// Snapshot is saved with the process, see Keeper.SaveSnapshot; nil = no
	// snapshot. SnapshotSeq is the highest Event.Seq of GUID that the snapshot
	// covers.
	Snapshot    []byte `json:"-"`
	SnapshotSeq uint64 `json:"-"`

	Umask    int // -1 = inherited
	Nice     int
	NoFile   uint64  // RLIMIT_NOFILE, soft and hard; 0 = inherited
	Core     *uint64 // RLIMIT_CORE; nil = inherited
	UID, GID uint32  // used when SetUser
	Groups   []uint32
	SetUser  bool
	// NoNewPrivs keeps the process from gaining privileges by executing a file. An
	// older keeper is not sent such an order.
	NoNewPrivs bool `json:",omitempty"`
	// CgroupDir is the cgroup v2 directory in which the process starts, for
	// this process alone: the keeper makes the directory, ends every process in
	// it together with the worker, and removes it afterwards. "" = the keeper's
	// own cgroup.
	CgroupDir string
	// CgroupSet is written into the files of CgroupDir before the start, as
	// "memory.max=1048576".
	CgroupSet []string
}

// Log says where the lines of one output stream go.
type Log struct {
	Path       string // absolute; "" drops the lines, which can still be watched
	MaxBytes   int64  // rotate before the file grows past it; 0 = never
	Backups    int    // keep .1 … .Backups; 0 keeps none
	Timestamps bool   // put the time before each line
	// Block lets the worker wait while the file cannot be written, instead of
	// dropping its lines. A keeper before version 7 drops them.
	Block bool `json:",omitempty"`
	// Access says which permissions and which owner a new log gets.
	Access logs.Access `json:",omitzero"`
}

// EndOrder asks for a worker to be ended: Signal, and CONT after it, go to the
// process group of the main process, or with MainFirst to the main process
// alone. When the main process has ended, they go to the descendants that have
// not got them before. After Wait, KILL follows for every process, again and
// again until no process of the worker is left, and then KindEmptied. A second
// EndOrder may shorten the wait or strengthen the signal, but not lengthen or
// weaken it.
type EndOrder struct {
	GUID        string
	Incarnation int
	Signal      int           // 0 = send no signal, only wait
	Wait        time.Duration // 0 = KILL at once
	// MainFirst leaves it to the main process to end its descendants. A keeper
	// without this field sends the signal to all processes.
	MainFirst bool `json:",omitempty"`
	// Leave leaves what the main process leaves: it gets no signal, and belongs to
	// no worker from then on. Without MainFirst, the process group of the main
	// process is ended all the same. An order without Leave that follows ends what
	// is not left yet. See Keeper.CanLeave.
	Leave bool `json:",omitempty"`
}

// EscapedProcess is a descendant that has left the session and the process group
// of its worker. PID and StartTime together never name another process.
type EscapedProcess struct {
	PID       int
	StartTime uint64
}

// EventKind names the kind of an Event.
type EventKind string

const (
	// KindHello is the first event; Version and PID of the keeper are set.
	KindHello EventKind = "hello"
	// KindSpawned reports that the process runs (exec has succeeded); PID and
	// StartTime are set.
	KindSpawned EventKind = "spawned"
	// KindSpawnFailed reports that there is no process; Error says why, and Errno
	// which error of the system the program, its directory or its exec had.
	KindSpawnFailed EventKind = "spawn_failed"
	// KindExited reports that the worker's main process has ended; Code or
	// Signal, Core and Survivors are set.
	KindExited EventKind = "exited"
	// KindMainExited reports that the main process of a worker with FollowMain has
	// ended and that Survivors processes of the worker live. The fields are those of
	// KindExited. KindMain follows, or KindExited when ReplaceMain gives up, the
	// worker is ended, or its last process has ended.
	KindMainExited EventKind = "main_exited"
	// KindMain answers ReplaceMain. PID is the main process from now on, and StartTime
	// is set; or Error says why that process is refused.
	KindMain EventKind = "main"
	// KindEmptied reports that the main process and every descendant have
	// ended; EmptyProven is set. It follows a KindExited with Survivors > 0 and
	// every End, but not a KindExited with Survivors = 0.
	KindEmptied EventKind = "emptied"
	// KindKept names a worker that the keeper kept while there was no
	// initiator. These events follow the KindHello of a keeper that Attach has
	// found.
	KindKept EventKind = "held"
	// KindSynced reports that every event of the handover window has been sent.
	// It also answers Sync.
	KindSynced EventKind = "synced"
	// KindAdopted reports that the keeper watches the process of an AdoptOrder
	// from now on.
	KindAdopted EventKind = "adopted"
	// KindCleared answers ClearLogs, in the order of the calls; Error says
	// which log could not be cleared, and why.
	KindCleared EventKind = "cleared"
	// KindOutput holds lines of a watched worker.
	KindOutput EventKind = "output"
	// KindEscaped names, whenever they change, the descendants of a worker that
	// have left its session and its process group; Escaped is set. A worker
	// whose descendants have not left them gets no such event.
	KindEscaped EventKind = "escaped"
	// KindLeft names, whenever they change, the processes that workers have left
	// (see EndOrder.Leave) and what they have started; Left and LeftCount are set.
	KindLeft EventKind = "left"
	// KindUnattributed names, whenever they change, the descendants of the
	// keeper whose worker is unknown; Unattributed is set.
	KindUnattributed EventKind = "unattributed"
	// KindWarning reports that a setting of an order is not in force, or that a
	// log cannot be written.
	KindWarning EventKind = "warning"
	// KindLost reports that the keeper has ended; Error says how. It is the
	// last event.
	KindLost EventKind = "lost"
)

// Event is one report of the keeper. GUID and Incarnation name the worker,
// unless the event is about the keeper itself.
type Event struct {
	Kind        EventKind
	GUID        string `json:",omitempty"`
	Incarnation int    `json:",omitempty"`
	At          time.Time
	// Seq numbers the events of workers with a snapshot, over all these
	// workers; 0 = the worker has no snapshot. See Keeper.SaveSnapshot.
	Seq uint64 `json:",omitempty"`
	// Age is how long ago the event happened, when it is sent late. Unlike At,
	// it does not depend on the clock of the day.
	Age time.Duration `json:",omitempty"`

	Version   int    `json:",omitempty"` // hello
	PID       int    `json:",omitempty"` // hello, spawned, held, adopted, main
	StartTime uint64 `json:",omitempty"` // of PID: field 22 of /proc/PID/stat

	Code      int   `json:",omitempty"`     // exited: exit code; -1 = killed by a signal, or Unknown
	Signal    int   `json:",omitempty"`     // exited: the signal; 0 = it ended by itself
	Core      bool  `json:",omitempty"`     // exited: it left a core dump
	OOM       bool  `json:",omitempty"`     // exited: the kernel killed a process of the worker's cgroup for lack of memory
	Survivors int   `json:"Left,omitempty"` // exited: how many processes of the worker still live
	MaxRSS    int64 `json:",omitempty"`     // exited: largest resident set in bytes
	// SurvivorNames, of exited, holds "pid command" of each survivor that has
	// got no signal of an EndOrder before: it ends because the main process has
	// ended. After survivorNameLimit processes an entry counts the others. An
	// older keeper does not set it.
	SurvivorNames []string `json:"LeftNames,omitempty"`
	// Unknown: an adopted process has ended, and its exit status cannot be
	// found.
	Unknown bool `json:",omitempty"`

	Snapshot  []byte `json:"Memo,omitempty"`   // held
	HasSocket bool   `json:"Socket,omitempty"` // held, adopted: the keeper has the worker's listening socket

	EmptyProven  bool     `json:"Proven,omitempty"` // emptied: false = best effort
	Killed       int      `json:",omitempty"`       // emptied: how many processes were killed
	Unattributed []string `json:"Strays,omitempty"` // exited, emptied, unattributed: "pid command" of each process whose worker is unknown
	// LeftCount is the number of all left processes, or in emptied the number of
	// those of the worker.
	LeftCount int           `json:",omitempty"`              // left, emptied
	Left      []LeftProcess `json:"LeftProcesses,omitempty"` // left: at most maxLeft
	// Escaped are at most maxEscaped processes of the worker.
	Escaped []EscapedProcess `json:",omitempty"` // escaped

	Stream string   `json:",omitempty"` // output: "stdout" or "stderr"
	Lines  []string `json:",omitempty"` // output: without line ends
	// Raw holds the bytes of Lines when some are not UTF-8, which JSON cannot hold.
	// An older keeper does not set it. The reader of the event finds the bytes in
	// Lines, and no Raw.
	Raw [][]byte `json:",omitempty"` // output
	// Partial says that the last of Lines is a part of a line whose end has not
	// come yet; Continued, that the first of Lines goes on with the last line
	// before it. An older keeper sets neither, and cuts long lines.
	Partial   bool `json:",omitempty"`
	Continued bool `json:",omitempty"`
	// Sent is how many bytes of lines the stream has sent with this event, with one for
	// each line end, when the initiator acknowledges them: see
	// Keeper.AcknowledgeOutput. 0 = it need not. An older keeper does not set it.
	Sent uint64 `json:",omitempty"` // output
	// Dropped counts the lines before Lines that were not sent, because the
	// events were not read fast enough.
	Dropped int `json:",omitempty"`

	Setting string `json:",omitempty"` // warning: the key of the INI that is not in force
	// LogPath names a log whose lines are not written, as Error says, or with LogWorks
	// are written again. An older keeper sets neither.
	LogPath  string `json:",omitempty"` // warning
	LogWorks bool   `json:",omitempty"` // warning

	Error string `json:",omitempty"` // spawn_failed, exited, adopted, main, cleared, warning, lost
	// Errno names the system's error in Error, for example "ENOENT"; "" = another
	// error, or an older keeper.
	Errno string `json:",omitempty"` // spawn_failed
}
