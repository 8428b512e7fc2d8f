package initiator

// LimitResultBody sets the length in bytes of the longest body with which a worker
// reports the end of a task. Tests of refused results then need no 64 MiB in every
// language.
func LimitResultBody(c *Config, bytes int64) { c.resultBody = bytes }
