//go:build !linux

package keeper

import "golang.org/x/sys/unix"

func pidfdOpen(int) (int, error) { return -1, errNoGap }

func reopenPipe(int, int) (int, error) { return -1, errNoGap }

func listenerOf(int, int) (int, error) { return -1, errNoGap }

func exitStatus(*child) (unix.WaitStatus, bool) { return 0, false }

func signalHandle(int, unix.Signal) {}
