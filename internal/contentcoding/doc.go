// Package contentcoding compresses and decompresses the bodies of direct
// calls. The package worker uses it for the calls that it serves, and the
// package worker/call for the calls that it makes.
package contentcoding

// The files:
//
//	coding.go    the names, and the HTTP headers that carry them
//	compress.go  Encode and Decode; the only file that imports zstd
