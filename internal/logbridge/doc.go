// Package logbridge connects the two kinds of loggers: hclog, with which this program
// logs, and log/slog, which its public functions take. Levels, names and key/value
// pairs are the same on both sides: trace is slog.LevelDebug-4, off is above every
// level, and the name of a logger is the attribute "logger" of slog.
package logbridge

// Files:
//
//	level.go     levels of the one as levels of the other
//	to_slog.go   ToSlog: a slog.Logger that writes to an hclog.Logger
//	to_hclog.go  ToHCLog: an hclog.Logger that writes to a slog.Logger
