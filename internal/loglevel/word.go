package loglevel

import (
	"strconv"
	"strings"

	"github.com/hashicorp/go-hclog"
)

// longestWord is longer than every word that means a level, with slog's number.
const longestWord = 16

// levelOfWord returns the level that a word means; NoLevel = none. Slog writes the
// levels between its four as a word with a number, such as WARN+2.
func levelOfWord(word string) hclog.Level {
	if len(word) > longestWord {
		return hclog.NoLevel
	}
	if at := strings.IndexAny(word, "+-"); at > 0 {
		return levelOfOffset(word[:at], word[at:])
	}
	switch strings.ToLower(word) {
	case "trace", "trc":
		return hclog.Trace
	case "debug", "dbg":
		return hclog.Debug
	case "info", "inf", "information", "notice", "default":
		return hclog.Info
	case "warn", "wrn", "warning":
		return hclog.Warn
	case "error", "err", "fatal", "ftl", "panic", "pnc", "dpanic", "critical", "crit", "alert", "emergency", "emerg":
		return hclog.Error
	}
	return hclog.NoLevel
}

// levelOfOffset returns the level of a word of slog with a number: the highest level
// that is not above it.
func levelOfOffset(word, offset string) hclog.Level {
	n, err := strconv.Atoi(offset)
	if err != nil {
		return hclog.NoLevel
	}
	switch strings.ToUpper(word) {
	case "DEBUG":
		n -= 4
	case "INFO":
	case "WARN":
		n += 4
	case "ERROR":
		n += 8
	default:
		return hclog.NoLevel
	}
	switch {
	case n < -4:
		return hclog.Trace
	case n < 0:
		return hclog.Debug
	case n < 4:
		return hclog.Info
	case n < 8:
		return hclog.Warn
	}
	return hclog.Error
}

// levelOfNumber returns the level of a number of pino and bunyan: 10 is trace, 60
// is fatal. Other numbers mean no level.
func levelOfNumber(text string) hclog.Level {
	if len(text) != 2 {
		return hclog.NoLevel // without the error that Atoi would allocate
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil || n < 10 || n > 60:
		return hclog.NoLevel
	case n < 20:
		return hclog.Trace
	case n < 30:
		return hclog.Debug
	case n < 40:
		return hclog.Info
	case n < 50:
		return hclog.Warn
	}
	return hclog.Error
}
