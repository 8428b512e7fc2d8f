// Package unixpath reaches unix sockets whose path is longer than a socket
// address.
package unixpath

// The file:
//
//	with_short_path.go   WithShortPath
