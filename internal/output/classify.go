package output

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/go-hclog"
)

// Line is a line of a worker after ClassifyLine.
type Line struct {
	// Level is the level in hclog's JSON; NoLevel = plain text.
	Level hclog.Level
	// Message is the text, or the @message of the JSON.
	Message string
	// Module is the JSON's @module: the name of the worker's own logger.
	Module string
	// Args are the JSON's other members, sorted, as pairs for a logger.
	Args []any
}

// HasLevel reports whether the worker has given the line a level.
func (l Line) HasLevel() bool { return l.Level != hclog.NoLevel }

// ClassifyLine parses one line. Only hclog's JSON (an object with a known
// @level and a @message) gets a level; every other line is plain text.
func ClassifyLine(text string) Line {
	plain := Line{Message: text}
	if !strings.HasPrefix(text, "{") || !strings.Contains(text, `"@level"`) {
		return plain // most lines need no decoder
	}
	read := json.NewDecoder(strings.NewReader(text))
	read.UseNumber() // otherwise large ids lose digits
	var members map[string]any
	if read.Decode(&members) != nil || read.More() {
		return plain
	}
	level, _ := members["@level"].(string)
	message, said := members["@message"].(string)
	l := Line{Level: levelOf(level), Message: message}
	if !said || !l.HasLevel() {
		return plain
	}
	l.Module, _ = members["@module"].(string)
	for _, key := range slices.Sorted(maps.Keys(members)) {
		switch key {
		case "@level", "@message", "@module", "@timestamp": // the log writes its own
		default:
			l.Args = append(l.Args, key, members[key])
		}
	}
	return l
}

// levelOf returns the level of a name, and NoLevel for an unknown name and for
// "off", which a line cannot have.
func levelOf(name string) hclog.Level {
	level := hclog.LevelFromString(name)
	if level == hclog.Off {
		return hclog.NoLevel
	}
	return level
}
