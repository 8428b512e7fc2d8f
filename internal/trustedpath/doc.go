// Package trustedpath opens files in directories of other users, such as the
// log of a worker that runs as another user. A user who can write to a directory
// of a path could put a symbolic link there and have the initiator, often
// root, write to a file of the link's choice. So a symbolic link is followed
// only when it belongs to root or to the user of this process, wherever in the
// path it stands.
//
// # No time between check and use
//
// A path is resolved one component at a time. Each component is opened relative
// to the descriptor of its directory and without following a link. What was
// opened is then examined through its descriptor: a link that is put there
// afterwards is another object, and does not matter. The target of a link is
// read from the descriptor of the link whose owner was examined. The last
// component is opened with O_NOFOLLOW in the directory that was reached; when a
// link has come there in the meantime, the resolution begins again. No path is
// given to the kernel twice.
//
// On systems without O_PATH a link is followed only in a directory in which no
// other user can replace it.
package trustedpath

// Files:
//
//	open.go          OpenAppend, OpenRead, Check: the last component
//	dir.go           Dir: renames and removes files of a directory
//	resolve.go       a path becomes a directory and a name
//	reach.go         Reach: where the links of a path lead
//	look_linux.go    examines one component through its descriptor
//	look_other.go    the same without O_PATH
//	refusal.go       the reasons for which a path is refused
