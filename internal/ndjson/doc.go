// Package ndjson reads JSON lines from a sender that is not trusted: lines
// without an end, half a line, text that is not JSON. A bad line does not keep
// later lines from being read.
package ndjson

// Files:
//
//	reader.go  Reader: line by line, in bounded memory
