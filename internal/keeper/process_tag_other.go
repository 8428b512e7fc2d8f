//go:build !linux

package keeper

// setInheritedTag does nothing: this system does not show the limits of another
// process.
func setInheritedTag(uint64) {}

// setLeftTag does nothing.
func setLeftTag(int, uint64) {}
