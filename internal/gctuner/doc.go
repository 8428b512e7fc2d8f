// Package gctuner lets a busy process collect its garbage less often.
//
// Go collects when the heap has doubled. The heap of an initiator or a worker is
// a few megabytes. Many small tasks double it a hundred times a second, so that
// a third of the work is collecting. After quickLimit quick collections in a
// row, the tuner raises the percentage of debug.SetGCPercent so that [Room]
// bytes of garbage fit. Some seconds after the last collection it restores the
// default and returns the memory. A start of half a second and an idle process
// see no change.
package gctuner

// Files:
//
//	gctuner.go  the whole package
