//go:build !linux

package upgrade

// Only on Linux is a program replaced in place.

func (s *ExecState) startFallback() error { return nil }

func (s *ExecState) releaseFallback() {}
