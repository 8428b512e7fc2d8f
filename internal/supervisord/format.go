package supervisord

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// format is the part between the name and the letter of %(name)02d.
type format struct {
	minus, plus, space, zero, sharp bool
	width, precision                int // precision -1 = none
	verb                            byte
}

// maxWidth is far beyond any process name, and keeps a mistake from filling the
// memory.
const maxWidth = 4096

func readFormat(s string) (f format, rest string, ok bool) {
	f.precision = -1
	i := 0
	for i < len(s) && strings.IndexByte("-+ 0#", s[i]) >= 0 {
		f.setFlag(s[i])
		i++
	}
	f.width, i = readDigits(s, i)
	if i < len(s) && s[i] == '.' {
		f.precision, i = readDigits(s, i+1)
	}
	if i < len(s) && strings.IndexByte("hlL", s[i]) >= 0 {
		i++
	}
	if i >= len(s) || strings.IndexByte("diouxXeEfFgGcrsa", s[i]) < 0 || f.width > maxWidth || f.precision > maxWidth {
		return f, "", false
	}
	f.verb = s[i]
	return f, s[i+1:], true
}

func (f *format) setFlag(c byte) {
	switch c {
	case '-':
		f.minus = true
	case '+':
		f.plus = true
	case ' ':
		f.space = true
	case '0':
		f.zero = true
	case '#':
		f.sharp = true
	}
}

func readDigits(s string, i int) (n, end int) {
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		n = min(n*10+int(s[i]-'0'), maxWidth+1)
		i++
	}
	return n, i
}

// formatValue formats a string or an int.
func (f format) formatValue(value any) (string, error) {
	switch v := value.(type) {
	case int:
		return f.formatNumber(v)
	case string:
		return f.formatText(v)
	}
	return "", invalidValue{"the value cannot be printed", "write %(name)s"}
}

func (f format) formatText(s string) (string, error) {
	switch f.verb {
	case 's':
	case 'r', 'a':
		s = pythonRepr(s, f.verb == 'a')
	case 'c':
		if utf8.RuneCountInString(s) != 1 {
			return "", invalidValue{"%c prints one character, and this has more", "write %(name)s"}
		}
	default:
		return "", invalidValue{fmt.Sprintf("%%%c prints numbers, and this is a text", f.verb), "write %(name)s"}
	}
	if f.precision >= 0 && f.verb != 'c' {
		r := []rune(s)
		s = string(r[:min(len(r), f.precision)])
	}
	return f.padText("", s, false), nil
}

func (f format) formatNumber(n int) (string, error) {
	base := map[byte]int{'d': 10, 'i': 10, 'u': 10, 'o': 8, 'x': 16, 'X': 16}[f.verb]
	switch {
	case base != 0:
		return f.formatInteger(n, base), nil
	case f.verb == 'c':
		if n < 0 || n > utf8.MaxRune {
			return "", invalidValue{"there is no such character", "write %(name)d"}
		}
		return f.padText("", string(rune(n)), false), nil
	case strings.IndexByte("sra", f.verb) >= 0:
		f.verb = 's' // a number has no quotes
		return f.formatText(strconv.Itoa(n))
	}
	return f.formatReal(float64(n)), nil
}

func (f format) formatInteger(n, base int) string {
	sign, magnitude := f.signText(n < 0), uint64(n)
	if n < 0 {
		magnitude = -magnitude
	}
	text := strconv.FormatUint(magnitude, base)
	if f.precision > len(text) {
		text = strings.Repeat("0", f.precision-len(text)) + text
	}
	if f.verb == 'X' {
		text = strings.ToUpper(text)
	}
	if f.sharp && base != 10 {
		sign += "0" + string(f.verb)
	}
	return f.padText(sign, text, f.zero)
}

func (f format) formatReal(x float64) string {
	precision := f.precision
	if precision < 0 {
		precision = 6
	}
	alternate := ""
	if f.sharp {
		alternate = "#"
	}
	text := fmt.Sprintf("%"+alternate+"."+strconv.Itoa(precision)+string(f.verb), x)
	sign := f.signText(x < 0)
	return f.padText(sign, strings.TrimPrefix(text, "-"), f.zero)
}

func (f format) signText(negative bool) string {
	switch {
	case negative:
		return "-"
	case f.plus:
		return "+"
	case f.space:
		return " "
	}
	return ""
}

func (f format) padText(sign, text string, zero bool) string {
	gap := f.width - utf8.RuneCountInString(sign+text)
	switch {
	case gap <= 0:
		return sign + text
	case f.minus:
		return sign + text + strings.Repeat(" ", gap)
	case zero:
		return sign + strings.Repeat("0", gap) + text
	}
	return strings.Repeat(" ", gap) + sign + text
}

// pythonRepr returns a Python string literal.
func pythonRepr(s string, ascii bool) string {
	quote := "'"
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = `"`
	}
	var b strings.Builder
	for _, r := range s {
		b.WriteString(reprRune(r, quote, ascii))
	}
	return quote + b.String() + quote
}

func reprRune(r rune, quote string, ascii bool) string {
	switch {
	case string(r) == quote || r == '\\':
		return `\` + string(r)
	case r == '\n':
		return `\n`
	case r == '\t':
		return `\t`
	case r == '\r':
		return `\r`
	case r < 0x20 || r == 0x7f || (ascii && r > 0x7f && r <= 0xff):
		return fmt.Sprintf(`\x%02x`, r)
	case ascii && r > 0xffff:
		return fmt.Sprintf(`\U%08x`, r)
	case ascii && r > 0xff:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return string(r)
}
