//go:build unix

package call

import "sync"

// ResetDefault makes the next call of Default make its pool anew.
func ResetDefault() { defaultPool = sync.OnceValues(newDefaultPool) }

// SetBodyLimit sets the largest answer that the pool reads, in bytes.
func (p *Pool) SetBodyLimit(limit int64) { p.bodyLimit = limit }
