//go:build !linux

package keeper

import "golang.org/x/sys/unix"

func pidfdOpen(int) (int, error) { return -1, errNeedsLinux }

func reopenPipe(int, int) (int, error) { return -1, errNeedsLinux }

func dupListener(int, int) (int, error) { return -1, errNeedsLinux }

func exitStatus(*child) (unix.WaitStatus, bool) { return 0, false }

func signalPidfd(int, unix.Signal) {}
