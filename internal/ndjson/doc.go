// Package ndjson reads JSON lines from somebody who may send anything: lines
// without an end, half a line, no JSON at all. What is wrong with one line does
// not end the others.
//
//	reader.go  one line after the other, in bounded memory
package ndjson
