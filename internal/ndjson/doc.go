// Package ndjson reads JSON lines from a sender that is not trusted: lines
// without an end, half a line, text that is not JSON. A bad line does not keep
// the other lines from being read.
package ndjson

// Files:
//
//	reader.go  Reader: one line after the other, in bounded memory
