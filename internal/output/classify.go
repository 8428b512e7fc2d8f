package output

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/go-hclog"
)

// Line is what one line of a worker turned out to be.
type Line struct {
	// Level is that of a line of hclog's JSON; NoLevel = plain text.
	Level hclog.Level
	// Message is the text, or what the JSON has as @message.
	Message string
	// Module is the JSON's @module: the name of the worker's own logger.
	Module string
	// Args are the JSON's other members, sorted, as pairs for a logger.
	Args []any
}

// HasLevel says whether the line had a level of its own.
func (l Line) HasLevel() bool { return l.Level != hclog.NoLevel }

// ClassifyLine looks at one line. Everything that is not beyond doubt hclog's JSON
// (an object with a known @level and a @message) is plain text.
func ClassifyLine(text string) Line {
	plain := Line{Message: text}
	if !strings.HasPrefix(text, "{") || !strings.Contains(text, `"@level"`) {
		return plain // most lines: no decoder is started for them
	}
	read := json.NewDecoder(strings.NewReader(text))
	read.UseNumber() // or large ids would lose digits
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
		case "@level", "@message", "@module", "@timestamp": // the log that shows it writes its own
		default:
			l.Args = append(l.Args, key, members[key])
		}
	}
	return l
}

// levelOf is NoLevel for what is no level; "off" is none that a line can have.
func levelOf(name string) hclog.Level {
	level := hclog.LevelFromString(name)
	if level == hclog.Off {
		return hclog.NoLevel
	}
	return level
}
