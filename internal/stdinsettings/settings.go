// Package stdinsettings holds the section of the INI that worker.Main has read
// on stdin, so that worker/call finds the keys of its default pool there. The
// two packages do not import each other for this.
package stdinsettings

import "sync/atomic"

var section atomic.Pointer[func(key string) (string, bool)]

// Store sets the section of this process. A nil function removes it.
func Store(get func(key string) (string, bool)) {
	if get == nil {
		section.Store(nil)
		return
	}
	section.Store(&get)
}

// Lookup returns the value of a key; ok is false when the section lacks the key
// or no section was stored.
func Lookup(key string) (value string, ok bool) {
	get := section.Load()
	if get == nil {
		return "", false
	}
	return (*get)(key)
}
