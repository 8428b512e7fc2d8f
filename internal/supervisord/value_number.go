package supervisord

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// readInteger reads what Python's int reads: signs, white space around, and
// single underscores between digits.
func readInteger(s string) (int, error) { return readInBase(s, 10, "a whole number", "write digits") }

func readInBase(s string, base int, what, remedy string) (int, error) {
	t := trimSpace(s)
	digits := strings.TrimLeft(t, "+-")
	sign := t[:len(t)-len(digits)]
	bad := invalidValue{fmt.Sprintf("%q is not %s", s, what), remedy}
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

func readOctal(s string) (int, error) {
	return readInBase(s, 8, "an octal number", "write octal digits such as 022")
}

// readSize reads 50MB: KB, MB and GB of 1024, in any case, or a bare number.
func readSize(s string) (int64, error) {
	lower := strings.ToLower(s)
	unit := int64(1)
	for suffix, size := range map[string]int64{"kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30} {
		if rest, ok := strings.CutSuffix(lower, suffix); ok {
			lower, unit = rest, size
			break
		}
	}
	n, err := readInteger(lower)
	if err != nil || int64(n) > math.MaxInt64/unit || int64(n) < math.MinInt64/unit {
		return 0, invalidValue{fmt.Sprintf("%q is not a size", s), "write 4096, 10KB, 50MB or 1GB"}
	}
	return int64(n) * unit, nil
}

// readExitCodes reads 0,2; an empty value means that no code is expected.
func readExitCodes(s string) ([]int, error) {
	codes := []int{}
	if s == "" {
		return codes, nil
	}
	for item := range strings.SplitSeq(s, ",") {
		n, err := readInteger(item)
		if err != nil || n < 0 || n > 255 {
			return nil, invalidValue{fmt.Sprintf("%q is not a list of exit codes", s), "write numbers from 0 to 255, as 0,2"}
		}
		codes = append(codes, n)
	}
	return codes, nil
}
