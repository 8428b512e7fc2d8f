package bounds

// Tasks.
const (
	// Nesting is how deep arrays and objects of JSON may be nested in the data, the
	// result, the failure and the progress of a task, and in the body of a request.
	// Every JSON reader of the languages that workers are written in can read it.
	Nesting = 1000
	// Data is the length of the data of a task. A record is read into memory as a
	// whole. Over HTTP the data is bounded by Body.
	Data = 256 << 20
	// Key is the length of a key and of a unique key.
	Key = 255
	// CallbackURL is the length of the URL of a callback.
	CallbackURL = 2000
	// Result is the length of the result or the failure of a task: a little less
	// than ResultBody, which has members beside the result.
	Result = ResultBody - 64<<10
	// Progress is the length of one progress report.
	Progress = StreamPayload
	// History is the number of tries that the record of a task keeps. Without a
	// limit, the record of a task that is refused again and again would grow for
	// ever.
	History = 100
	// Generations is how many parents of a task are looked at for a task that runs in
	// the worker that asks for it. Each may be read from the disk.
	Generations = 100
)

// Requests over HTTP.
const (
	// RequestHeader is the length of the header of a request.
	RequestHeader = 64 << 10
	// Body is the length of the body of a request, and of one line of many tasks.
	Body = 64 << 20
	// PeerBodies is the length of the bodies that the initiator, or a worker,
	// receives at the same time from one sender: from the clients on one host, over
	// the unix socket, or from one worker. UncountedBody is the length of the
	// longest body that is not counted; the number of connections limits these.
	PeerBodies    = 64 << 20
	UncountedBody = 4 << 10
	// Names and Name are the number of names in a request about workers or pools,
	// and the length of a name.
	Names = 10_000
	Name  = 255
	// ResultBody is the length of the body that reports the end of a task.
	ResultBody = 64 << 20
	// Form is the length of a form of turberfield.
	Form = 64 << 10
	// ImportLine is the length of one line of an import. It has the data and the
	// result of a task.
	ImportLine = 256 << 20
	// InputLine is the length of one line of the input of run and task submit. It
	// is less than Body, because the request has members beside the data.
	InputLine = 60 << 20
	// Discarded is how much of a body that is too large is read and dropped, so
	// that its sender sees the answer.
	Discarded = 4 << 30
	// ListDefault and ListPage are the number of tasks in one page of a list:
	// without a limit in the request, and at most.
	ListDefault = 100
	ListPage    = 10_000
	// Replicas is the number of workers that scale can ask for.
	Replicas = 10_000
)

// What waits for a client that does not read.
const (
	// SubscribedEvents and SubscribedOutput are the number of events, and the
	// length of the output in them, that wait for a reader of task events. Older
	// events are dropped, and the reader is told how many.
	SubscribedEvents = 1024
	SubscribedOutput = 256 << 10
	// SubscribedPayloads is the length of the progress and the results in the events
	// that wait for a reader. The newest event waits in any case.
	SubscribedPayloads = 8 << 20
	// OutputTail is the length of the newest output of a running task that a new
	// reader of its events gets.
	OutputTail = 8 << 10
)

// Streams.
const (
	// StreamPayload is the length of a payload on a stream. Larger payloads travel
	// over HTTP.
	StreamPayload = 1 << 20
	// StreamMessage is the length of a message: its header and its payload.
	StreamMessage = StreamPayload + 64<<10
	// StreamReason is the length of a reason in the header of a reply. The rest of
	// the reason is in the record of the task.
	StreamReason = 8 << 10
	// StreamRequests is the number of requests that a client may have open on a
	// stream.
	StreamRequests = 4096
	// StreamUnstored is the length of the data of one client's tasks that are not
	// stored yet. The stream is not read further until some are stored.
	StreamUnstored = 16 << 20
	// StreamBacklog is the length of the messages that wait for a client or a
	// worker that does not read its stream.
	StreamBacklog = 8 << 20
	// StreamUnread is how many messages of a worker may be unread, beyond two for
	// each slot, and how many of its messages may be about tasks that it does not
	// run.
	StreamUnread = 1024
)

// Workers and their programs.
const (
	// Slots is the number of slots of a worker.
	Slots = 100_000
	// ConnectRequest and ConnectAnswer are the length of the body of /connect or
	// /disconnect, and of an answer to it. A body may come without a token.
	ConnectRequest = 1 << 20
	ConnectAnswer  = 1 << 20
	// HeartbeatExtra is how many tasks a heartbeat may list beyond two for each
	// slot: attempts that the initiator has given up, direct calls, and tasks
	// that end at this moment.
	HeartbeatExtra = 1024
	// HeartbeatTask is the length of one listed task without its progress and
	// output, and HeartbeatTaskReport the length of these: 1 MiB of progress, and
	// UnsentOutput that may take six times as much in JSON.
	HeartbeatTask       = 256
	HeartbeatTaskReport = 1<<20 + 128<<10
	// HeartbeatReports is the length of the progress and the output of all tasks
	// in one heartbeat. In the libraries, the rest follows in the next heartbeat.
	HeartbeatReports = 16 << 20
	// UnsentOutput is the length of the output of a task that waits for the next
	// heartbeat. Of longer output the end is kept.
	UnsentOutput = 16 << 10
	// ExecOutput is the length of what a program of exec writes to stdout for one
	// task.
	ExecOutput = 32 << 20
	// ExecTail is the length of the end of stderr in the failure of a program of
	// exec.
	ExecTail = 4 << 10
	// LogPiece is the length of the pieces in which a long line of a worker reaches
	// an output that others share: the initiator's own output, or a log of several
	// workers. In a log of its own, a line of any length stays as it is.
	LogPiece = 1 << 20
	// LogLine is the length of the pieces in which a long line of a log is read.
	// They are marked.
	LogLine = 64 << 10
	// LogLevel is the length of the beginning of a line in which its level is
	// recognised. The logging libraries write the level near the beginning.
	LogLevel = 8 << 10
	// LogWaiting is the length of the lines that wait for the disk of one directory
	// of logs. Workers do not wait for a disk that hangs.
	LogWaiting = 1 << 20
	// ProbeAnswer and CallbackAnswer are the length of what is read of the answer
	// to a probe and to a callback.
	ProbeAnswer    = 64 << 10
	CallbackAnswer = 64 << 10
	// DecompressionWindow is the memory that a compressed body can make its reader
	// allocate before the first byte. The decompressed length counts against Body.
	DecompressionWindow = 8 << 20
)

// Connections that a process accepts. Fewer are accepted where the process may
// have few descriptors, see package connbudget.
const (
	// AnonymousConns and ArrivingConns are the number of connections on which no
	// request has shown a token yet, and of connections over the unix socket
	// without a request.
	AnonymousConns = 1024
	ArrivingConns  = 1024
	// WorkerConns is the number of connections of workers to the initiator, or of
	// the initiator to a worker.
	WorkerConns = 65536
	// ClientConns and LocalConns are the number of connections of clients with a
	// token, or of callers of a direct listener, and of connections over the unix
	// socket.
	ClientConns = 16384
	LocalConns  = 16384
	// StreamConns is the number of streams of clients.
	StreamConns = 4096
	// ChirpConns is the number of connections to a listener of libchirp.
	ChirpConns = 4096
)

// Answers that clients and the libraries of workers read.
const (
	// Answer is the length of an answer of the initiator.
	Answer = 256 << 20
	// Refusal is the length of an answer with an error.
	Refusal = 1 << 20
)

// Files and other protocols.
const (
	// Config is the length of an INI, and of a configuration on stdin.
	Config = 16 << 20
	// ChirpMessage is the length of a message of libchirp.
	ChirpMessage = 100 << 20
)
