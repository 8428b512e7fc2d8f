// Package backup copies a state directory into an archive, also while its initiator
// runs, and fills an empty state directory from an archive.
//
// An archive is a tar file: the small files that belong to the tasks, the task files
// as of one commit, and at its end the manifest, which has the size and the checksum
// of every file. An archive without a manifest was cut. The archive has no secrets
// and nothing that is true only of the running initiator: no token, no socket, no
// home.json, no workers.json, and no snapshots of kept workers.
//
// An unpacked manifest marks a state directory as restored until a person accepts
// that. docs/operations.md has the rules for users.
package backup

// The files, in the order in which data passes them:
//
//	archive.go   which files an archive has, and the manifest
//	write.go     WriteState: a state directory to an archive
//	read.go      Verify, and the reading of an archive
//	restore.go   Restore: an archive to an empty state directory
//	restored.go  ReadMarker: whether a state directory was restored; RemoveMarker
