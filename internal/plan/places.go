package plan

import (
	"slices"
	"strconv"
	"strings"
)

// Placeholders are the values of one worker, for which words in braces stand in
// command, exec, interpreter, environment and hooks: {name}, {guid}, {index} and
// {port}.
type Placeholders struct {
	Name  string // of the definition
	GUID  string
	Index int // among the workers of the pool, from 0
	Port  int // 0 = the worker has no port
}

// placeholderWords are the words that stand for a value when they are in braces.
var placeholderWords = []string{"name", "guid", "index", "port"}

func (p Placeholders) valueOf(word string) string {
	switch word {
	case "name":
		return p.Name
	case "guid":
		return p.GUID
	case "index":
		return strconv.Itoa(p.Index)
	}
	return strconv.Itoa(p.Port)
}

// FillText returns a text of the definition for one worker: its placeholders are
// replaced, and {{ is one literal brace. ${port} is a variable of a shell and stays.
// Texts of a supervisord.conf are not changed.
func (s *Spec) FillText(text string, p Placeholders) string {
	if s.FromSupervisord {
		return text
	}
	return fillBraces(text, p.valueOf)
}

// FillWords returns the words of a command for one worker, see FillText.
func (s *Spec) FillWords(words []string, p Placeholders) []string {
	filled := make([]string, len(words))
	for i, word := range words {
		filled[i] = s.FillText(word, p)
	}
	return filled
}

// fillBraces returns a text with its placeholders replaced, and {{ by one brace.
func fillBraces(text string, value func(word string) string) string {
	if !strings.Contains(text, "{") {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		word := placeholderAt(text, i)
		switch {
		case strings.HasPrefix(text[i:], "{{"):
			b.WriteByte('{')
			i += len("{{")
		case word != "":
			b.WriteString(value(word))
			i += len(word) + len("{}")
		default:
			b.WriteByte(text[i])
			i++
		}
	}
	return b.String()
}

// placeholderAt returns the word of the placeholder that begins at i; "" = none
// does.
func placeholderAt(text string, i int) string {
	if text[i] != '{' || i > 0 && text[i-1] == '$' {
		return ""
	}
	word, _, _ := strings.Cut(text[i+1:], "}")
	if !slices.Contains(placeholderWords, word) || !strings.HasPrefix(text[i+1+len(word):], "}") {
		return ""
	}
	return word
}

// escapeBraces writes a literal text so that fillBraces returns it.
func escapeBraces(text string) string {
	var b strings.Builder
	for i := range len(text) {
		b.WriteByte(text[i])
		if strings.HasPrefix(text[i:], "{{") || placeholderAt(text, i) != "" {
			b.WriteByte('{')
		}
	}
	return b.String()
}

// hasDoubtfulBraces reports whether {{ is written where it may be meant for two
// braces, as in {{.Names}}: alone, and not before the word of a placeholder.
func hasDoubtfulBraces(text string) bool {
	for {
		at := strings.Index(text, "{{")
		if at < 0 {
			return false
		}
		rest := strings.TrimLeft(text[at:], "{")
		if run := len(text) - at - len(rest); run == len("{{") && placeholderAt("{"+rest, 0) == "" {
			return true
		}
		text = rest
	}
}

// names reports whether one of the texts has the placeholder of one of the words.
func (s *Spec) names(texts []string, words ...string) (found bool) {
	if s.FromSupervisord {
		return false
	}
	for _, text := range texts {
		fillBraces(text, func(word string) string {
			found = found || slices.Contains(words, word)
			return ""
		})
	}
	return found
}

// NamesIdentity reports whether a command has the placeholder {guid} or {port}.
// A command without them gets both as further arguments, if contract = on.
func (s *Spec) NamesIdentity(command []string) bool { return s.names(command, "guid", "port") }

// NamesPort reports whether {port} is in the command, in a hook or in the key
// environment. Then a program without the contract gets a port too.
func (s *Spec) NamesPort() bool {
	for _, command := range [][]string{s.Command, s.BeforeStart, s.StopCommand, s.ReloadCommand, s.CheckCommand, s.Probe.Command} {
		if s.names(command, "port") {
			return true
		}
	}
	if s.names([]string{s.PIDFile}, "port") {
		return true
	}
	return slices.ContainsFunc(s.ownEnvironment(), func(e Entry) bool { return s.names([]string{e.Value}, "port") })
}

// ownEnvironment returns the variables of the key environment. Only they have
// placeholders; those of env_file mean what they mean to Docker Compose.
func (s *Spec) ownEnvironment() []Entry { return s.Environment[s.FileVariables:] }

// FillEnvironment returns the variables of env_file and of the key environment for
// one worker.
func (s *Spec) FillEnvironment(p Placeholders) []Entry {
	filled := slices.Clone(s.Environment)
	for i := s.FileVariables; i < len(filled); i++ {
		filled[i].Value = s.FillText(filled[i].Value, p)
	}
	return filled
}

// SetsVariable reports whether env_file or the key environment sets a variable.
func (s *Spec) SetsVariable(name string) bool {
	return slices.ContainsFunc(s.Environment, func(e Entry) bool { return e.Key == name })
}

// TakesPort reports whether workers get a port: with the contract or an inherited
// socket always, and otherwise only when the definition names the port, or a
// readiness check or a probe needs the number.
func (s *Spec) TakesPort() bool {
	return s.Contract || s.Port != 0 || s.Socket == "inherit" || s.NamesPort() || s.ConnectsToPort()
}

// ConnectsToPort reports whether readiness or a probe is a connection to the port.
func (s *Spec) ConnectsToPort() bool {
	return connectsToPort(s.Ready.Kind) || connectsToPort(s.Probe.Kind)
}

func connectsToPort(kind string) bool { return kind == "tcp" || kind == "http" }

// PortMode says how the port is reserved until the worker listens. No port is
// reserved for a program without the contract that binds the port itself, because
// the program might not set SO_REUSEADDR.
func (s *Spec) PortMode() string {
	if s.Socket == "inherit" {
		return s.Socket
	}
	if !s.Contract || s.Socket == "" {
		return "bind"
	}
	return s.Socket
}

// SharesPort reports whether all workers of the definition listen on one inherited
// socket: the port is fixed, and no message is for a certain worker.
func (s *Spec) SharesPort() bool { return s.inheritsFixedPort() && !s.ConnectsToPort() }

func (s *Spec) inheritsFixedPort() bool {
	return s.Port != 0 && s.Socket == "inherit" && s.Protocol == "none"
}

// warnBraces warns of {{ where a reader may expect two braces. The value is not
// shown: it may hold a secret.
func (d *draft) warnBraces(section string, s *Spec) {
	texts := map[string][]string{"command": s.Command, "exec": s.Exec, "interpreter": s.Interpreter, "before_start": s.BeforeStart, "stop_command": s.StopCommand, "reload_command": s.ReloadCommand, "check_command": s.CheckCommand, "probe": s.Probe.Command}
	for _, e := range s.ownEnvironment() {
		texts["environment"] = append(texts["environment"], e.Value)
	}
	for _, r := range workerKeys {
		if slices.ContainsFunc(texts[r.Name], hasDoubtfulBraces) {
			d.addWarning(section, r.Name, "{{ stands for one brace; write {{{{ where the program shall get two")
		}
	}
}
