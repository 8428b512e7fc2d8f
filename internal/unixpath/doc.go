// Package unixpath reaches unix sockets whose path is longer than a socket
// address.
package unixpath

// The files:
//
//	with_short_path.go   WithShortPath
//	search_only_*.go     how the directory is opened
