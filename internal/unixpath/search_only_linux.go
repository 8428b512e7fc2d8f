package unixpath

import "golang.org/x/sys/unix"

// searchOnly opens a directory that this process may go through, also when it
// may not list it.
const searchOnly = unix.O_PATH | unix.O_DIRECTORY
