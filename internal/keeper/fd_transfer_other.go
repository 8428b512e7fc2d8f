//go:build !linux

package keeper

// fdTransfer is empty: elsewhere all threads share one descriptor table.
type fdTransfer struct{}

func newFDTransfer(int) *fdTransfer { return nil }

func (*fdTransfer) sendFDs([]uintptr) error { return nil }

func (*fdTransfer) receiveFDs(files []uintptr) ([]uintptr, error) { return files, nil }

func (*fdTransfer) closeFDs([]uintptr) {}
