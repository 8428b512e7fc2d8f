//go:build !linux

package keeper

import "golang.org/x/sys/unix"

// canProveEmpty: orphans become children of the system's first process, where
// their worker cannot be found. Only the process group is known.
const canProveEmpty = false

func readStat(int) (process, bool) { return process{}, false }

type childLister struct{ byParent map[int][]int }

func (*childLister) childrenOf(int) []int { return nil }

func (*childLister) orphanPIDs() []int { return nil }

func readEnvironment(int) []byte { return nil }

func commandName(int) string { return "" }

func signalProcess(process, unix.Signal) {}
