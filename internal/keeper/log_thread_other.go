//go:build !linux

package keeper

// separateDescriptors does nothing: elsewhere all threads share one descriptor
// table.
func separateDescriptors(...int) {}

func runtimeDescriptors(int) []int { return nil }
