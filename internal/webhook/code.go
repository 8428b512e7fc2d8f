package webhook

import "initiator/proactor"

// Code is one outcome of a webhook: its number in the envelope, the HTTP
// status that goes with it, and the message when the handler has none of its
// own.
type Code struct {
	Number  int
	Status  int
	Message string
}

// OK reports whether c means success, which is the number 0 and no other.
func (c Code) OK() bool { return c.Number == 0 }

// Matches reports whether the envelope carries the number of c. Numbers above
// 500 mean different things at the two ends: compare only with codes of the end
// that has answered.
func (c Code) Matches(e proactor.Envelope) bool { return e.Code == c.Number }

// The codes of the wire contract. Numbers, statuses and the messages of the
// shared ones are ding.interaction's.
var (
	// Success is the only code that is no error.
	Success = Code{0, 200, "Success."}

	// Either end answers with these.
	ShuttingDown  = Code{101, 401, "System has already been shutting down."}
	NoChannel     = Code{201, 400, "Channel not found."}
	WrongChannel  = Code{202, 403, "Channel not match with this endpoint."}
	NoOwnToken    = Code{401, 400, "Own token not found."}
	WrongOwnToken = Code{402, 403, "Own token not match with this endpoint."}

	// A worker ("slave") answers with these.
	NoToken              = Code{301, 400, "Master token not found."}
	WrongToken           = Code{302, 403, "Master not match with this endpoint."}
	AlreadyConnected     = Code{501, 400, "This slave already connected."}
	NotConnected         = Code{502, 400, "This slave not connected yet."}
	ConnectionRefused    = Code{503, 403, "Connection refused!"}
	DisconnectionRefused = Code{504, 403, "Disconnection refused!"}
	SlaveBusy            = Code{601, 400, "No free slot."}
	TaskRefused          = Code{602, 403, "Task refused!"}

	// The initiator ("master") answers with these. BadTask has HTTP 200, as
	// in the original.
	NoSlaveToken = Code{501, 400, "Slave token not found."}
	UnknownSlave = Code{502, 403, "Slave token not match with any slave."}
	BadTask      = Code{601, 200, "Task data invalid."}

	// Our own, for what the original leaves to its web framework.
	BadBody          = Code{701, 400, "The body is not valid."}
	BodyTooLarge     = Code{702, 413, "The body is too large."}
	BodyTimeout      = Code{703, 408, "The body did not arrive in time."}
	NotFound         = Code{704, 404, "No such path."}
	MethodNotAllowed = Code{705, 405, "This path does not take this method."}
	Internal         = Code{706, 500, "Internal error."}
	Unauthorized     = Code{707, 401, "Not authorized."}
	Forbidden        = Code{708, 403, "Forbidden."}
	Conflict         = Code{709, 409, "Not possible in this state."}
	QueueFull        = Code{710, 429, "The queue is full."}
	Unavailable      = Code{711, 503, "Not available now."}
	BadConfig        = Code{712, 422, "The configuration has faults."}
	UnknownTask      = Code{713, 404, "No such task."}
	UnknownPool      = Code{714, 404, "No such pool."}
	UnknownWorker    = Code{715, 404, "No such worker."}
	StorageFailed    = Code{716, 503, "Tasks cannot be stored now."}
)

// The messages of success that ding.interaction's peers know.
const (
	MessagePong         = "PONG!"
	MessageShutdown     = "Shutdown request received, this server will be down later."
	MessageConnected    = "Connect success."
	MessageDisconnected = "Disconnect success."
	MessageTask         = "Task received!"
	MessageHeartbeat    = "Received!"
	MessageResult       = "Result received!"
)
