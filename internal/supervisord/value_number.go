package supervisord

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// integer reads what Python's int does: signs, white space around, and single
// underscores between digits.
func integer(s string) (int, error) { return inBase(s, 10, "a whole number", "write digits") }

func inBase(s string, base int, what, remedy string) (int, error) {
	t := trim(s)
	digits := strings.TrimLeft(t, "+-")
	sign := t[:len(t)-len(digits)]
	bad := wrong{fmt.Sprintf("%q is not %s", s, what), remedy}
	if len(sign) > 1 || digits == "" {
		return 0, bad
	}
	if rest, ok := cutOctal(digits); ok && base == 8 {
		digits = strings.TrimPrefix(rest, "_")
	}
	if strings.HasPrefix(digits, "_") || strings.HasSuffix(digits, "_") || strings.Contains(digits, "__") {
		return 0, bad
	}
	n, err := strconv.ParseInt(sign+strings.ReplaceAll(digits, "_", ""), base, 64)
	if err != nil || n > math.MaxInt || n < math.MinInt {
		return 0, bad
	}
	return int(n), nil
}

func cutOctal(s string) (string, bool) {
	if rest, ok := strings.CutPrefix(s, "0o"); ok {
		return rest, true
	}
	return strings.CutPrefix(s, "0O")
}

func octal(s string) (int, error) {
	return inBase(s, 8, "an octal number", "write octal digits such as 022")
}

// bytes reads 50MB: KB, MB and GB of 1024, in any case, or a bare number.
func bytes(s string) (int64, error) {
	lower := strings.ToLower(s)
	unit := int64(1)
	for suffix, size := range map[string]int64{"kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30} {
		if rest, ok := strings.CutSuffix(lower, suffix); ok {
			lower, unit = rest, size
			break
		}
	}
	n, err := integer(lower)
	if err != nil || int64(n) > math.MaxInt64/unit || int64(n) < math.MinInt64/unit {
		return 0, wrong{fmt.Sprintf("%q is not a size", s), "write 4096, 10KB, 50MB or 1GB"}
	}
	return int64(n) * unit, nil
}

// exitCodes reads 0,2; empty means that no code is expected.
func exitCodes(s string) ([]int, error) {
	codes := []int{}
	if s == "" {
		return codes, nil
	}
	for item := range strings.SplitSeq(s, ",") {
		n, err := integer(item)
		if err != nil || n < 0 || n > 255 {
			return nil, wrong{fmt.Sprintf("%q is not a list of exit codes", s), "write numbers from 0 to 255, as 0,2"}
		}
		codes = append(codes, n)
	}
	return codes, nil
}
