// Package apiheader has the names of the headers that the initiator's HTTP
// interface adds and that its client reads.
package apiheader

const (
	// Config is the header of an answer over the unix socket that names the INI of
	// the running initiator, escaped as a path of a URL.
	Config = "Initiator-Config"
	// LogError is the trailer of an answer with logs that says why the answer is
	// not complete.
	LogError = "Initiator-Log-Error"
)
