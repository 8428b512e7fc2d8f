package task

import "strings"

// SplitMethod splits a name of the form POOL or POOL.METHOD. A pool's name may
// hold dots itself: the longest part of the name for which isPool reports true
// is the pool. The method is empty when the whole name is a pool. ok is false
// when no part of the name is a pool.
func SplitMethod(name string, isPool func(string) bool) (pool, method string, ok bool) {
	for end := len(name); end > 0; end = strings.LastIndexByte(name[:end], '.') {
		if !isPool(name[:end]) {
			continue
		}
		if end < len(name) {
			method = name[end+1:]
		}
		return name[:end], method, true
	}
	return "", "", false
}
