// Package ownership tells whether another user can change a file or a directory.
// Root is never another user: root can change everything.
package ownership

// Files:
//
//	ownership.go  Facts, and what is wrong with them
//	path.go       Weakness: the same for a file and the directories above it
