// Package loglevel recognises the level that a logging library has written into a
// line. [Parse] looks at the beginning of a line only and changes nothing.
package loglevel

// The files:
//
//	parse.go    Parse, and the formats among which it chooses
//	json.go     JSON: hclog, slog, zap, zerolog, logrus, pino, Python
//	logfmt.go   key=value: slog and logrus
//	console.go  a time and a level: hclog, zap, slog without a handler, zerolog
//	word.go     the words and numbers that mean a level
