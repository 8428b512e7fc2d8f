package plan

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// normaliseEntries gives the entries of a worker's own section the normal
// spelling of their values: a worker in any language can then read them without knowing
// every spelling that the key table accepts. Keys of the table that the section inherits from [DEFAULT] are added.
func (d *draft) normaliseEntries(s *Spec) {
	section := "worker:" + s.Name
	if d.cfg.Section(section) == nil {
		return // a section named by a module, whose entries are the user's
	}
	for _, r := range workerKeys {
		if r.Secret || !d.isGiven(section, r.Name) {
			continue
		}
		if text, same := r.normalText(s); same {
			s.Config = overlayEntries(s.Config, []Entry{{Key: r.Name, Value: text, Valued: true}})
		}
	}
}

// normalText returns the value of the key in its normal spelling, and whether
// that reads back as the same value.
func (r row[S]) normalText(s *S) (text string, same bool) {
	text = r.text(s)
	var again S
	if err := r.set(&again, text); err != nil || !reflect.DeepEqual(r.get(s), r.get(&again)) {
		return "", false
	}
	return text, true
}

func formatCodes(codes []int) string {
	words := make([]string, len(codes))
	for i, code := range codes {
		words[i] = strconv.Itoa(code)
	}
	return strings.Join(words, ",")
}

func formatDependencies(all []Dependency) string {
	words := make([]string, len(all))
	for i, d := range all {
		words[i] = d.Name + ":" + d.Condition
	}
	return strings.Join(words, ", ")
}

func formatReady(r Ready) string {
	switch r.Kind {
	case "line":
		return "line:" + r.Pattern
	case "http":
		return "http:" + r.Path
	}
	return r.Kind
}

func formatProbe(c ProbeCheck) string {
	switch c.Kind {
	case "http":
		return "http:" + c.Path
	case "exec":
		return "exec:" + formatCommand(c.Command)
	}
	return c.Kind
}

func formatCoreSize(limit *uint64) string {
	if limit == nil || *limit == math.MaxUint64 {
		return "unlimited"
	}
	return strconv.FormatUint(*limit, 10)
}

func formatPort(port int) string {
	if port == 0 {
		return "auto"
	}
	return strconv.Itoa(port)
}

func formatRate(limit int, window time.Duration) string {
	if limit == 0 {
		return "none"
	}
	return fmt.Sprintf("%d/%s", limit, formatSeconds(window))
}

func formatRecycle(r Restart) string {
	var limits []string
	if r.RecycleTasks > 0 {
		limits = append(limits, fmt.Sprintf("tasks:%d", r.RecycleTasks))
	}
	if r.RecycleRSS > 0 {
		limits = append(limits, fmt.Sprintf("rss:%d", r.RecycleRSS))
	}
	if r.RecycleAge > 0 {
		limits = append(limits, "age:"+formatSeconds(r.RecycleAge))
	}
	return strings.Join(limits, ", ")
}

func formatRetention(r Retention) string {
	return fmt.Sprintf("tasks:%d, age:%s", r.Tasks, formatSeconds(r.Age))
}

// formatEnvironment writes NAME="value" for each variable.
func formatEnvironment(entries []Entry) string {
	items := make([]string, len(entries))
	for i, e := range entries {
		items[i] = quoteVariable(e)
	}
	return strings.Join(items, ",")
}

// quoteVariable writes NAME="value", and NAME='value' for a value that holds a
// double quote.
func quoteVariable(e Entry) string {
	quote := `"`
	if strings.Contains(e.Value, quote) {
		quote = "'"
	}
	return e.Key + "=" + quote + e.Value + quote
}

var plainWord = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./{}-]+$`) })

// formatCommand writes the words of a command line, and quotes the words that
// need it.
func formatCommand(argv []string) string {
	words := make([]string, len(argv))
	for i, word := range argv {
		if !plainWord().MatchString(word) {
			word = quoteWord(word)
		}
		words[i] = word
	}
	return strings.Join(words, " ")
}

func quoteWord(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
