package report

// SignalTarget says whom a signal to a worker reaches.
type SignalTarget string

// The targets.
const (
	// SignalByRule chooses by `stopasgroup` of the definition.
	SignalByRule SignalTarget = ""
	// SignalGroup is the process group of the worker's main process.
	SignalGroup SignalTarget = "group"
	// SignalMain is the worker's main process alone.
	SignalMain SignalTarget = "main"
)
