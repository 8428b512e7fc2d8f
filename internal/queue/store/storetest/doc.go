// Package storetest provides a disk in memory for tests of stored data. The disk
// counts the operations on it, fails on demand, and can be copied as it would be
// after the death of the process or after a loss of power.
package storetest

// Files:
//
//	disk.go       Disk: the directory, its faults, and the counts
//	remaining.go  AfterKill and AfterPowerLoss: the copies
//	handle.go     an open file of the disk
