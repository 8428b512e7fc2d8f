package loglevel

import (
	"strings"

	"github.com/hashicorp/go-hclog"

	"initiator/internal/bounds"
)

// The formats, which are the values of the key log_parse.
const (
	Auto    = "auto"    // JSON, logfmt or console, by the first character
	None    = "none"    // no line has a level
	JSON    = "json"    // an object with a member such as level, @level or levelname
	Logfmt  = "logfmt"  // pairs such as level=info
	Console = "console" // a time, then a level
)

// Parse returns the level of a line. Ok is false when the line has no level in that
// format; an unknown format is None. Levels above error, such as fatal, are Error.
// Only the first bounds.LogLevel bytes of the line count.
func Parse(format, line string) (level hclog.Level, ok bool) {
	line = strings.TrimSuffix(line, "\r")
	if line == "" {
		return hclog.NoLevel, false
	}
	line = line[:min(len(line), bounds.LogLevel)]
	switch format {
	case JSON:
		level = parseJSON(line)
	case Logfmt:
		level = parseLogfmt(line)
	case Console:
		level = parseConsole(line)
	case Auto:
		level = parseAny(line)
	}
	return level, level != hclog.NoLevel
}

// parseAny parses the format in which a line can be. Most lines of most programs
// have no level and are rejected by their first word.
func parseAny(line string) hclog.Level {
	switch c := line[0]; {
	case c == '{':
		return parseJSON(line)
	case c == '\x1b' || c >= '0' && c <= '9':
		return parseConsole(line)
	}
	return parseLogfmt(line)
}

// isLevelKey reports whether a library writes the level under that name.
func isLevelKey(name string) bool {
	switch name {
	case "level", "@level", "lvl", "levelname", "log.level", "severity":
		return true
	}
	return false
}

// skipBlanks returns the text without the blanks at its beginning.
func skipBlanks(text string) string { return strings.TrimLeft(text, " \t") }
