// Package linemark says where a long line of output is cut into pieces, and has the
// marks of pieces that other output has come between.
package linemark

// The files:
//
//	linemark.go    the marks
//	characters.go  where a line can be cut without cutting a character
