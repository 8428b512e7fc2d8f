package plan

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

const (
	maxInt  = math.MaxInt32 // the same on every platform
	maxPort = 65535
)

// wholeNumber is a whole number between two bounds, both allowed.
func wholeNumber(least, most int) kind[int] {
	return kind[int]{name: "whole number", parse: func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		switch {
		case err != nil && !digitsOnly(s):
			return 0, valueFault{fmt.Sprintf("%q is not a whole number", s), boundsRemedy(least, most)}
		case err != nil || n < least || n > most:
			return 0, valueFault{s + " is out of range", boundsRemedy(least, most)}
		}
		return n, nil
	}}
}

func digitsOnly(s string) bool {
	s = strings.TrimLeft(s, "-+")
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func boundsRemedy(least, most int) string {
	if most == maxInt {
		return fmt.Sprintf("write one that is at least %d", least)
	}
	return fmt.Sprintf("write one from %d to %d", least, most)
}

func bigNumber(least int64) kind[int64] {
	return kind[int64]{name: "whole number", parse: func(s string) (int64, error) {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < least {
			return 0, valueFault{fmt.Sprintf("%q is not a whole number of at least %d", s, least), "write one such as 100"}
		}
		return n, nil
	}}
}

var count = kind[uint64]{name: "whole number", parse: func(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil || n == 0 {
		return 0, valueFault{fmt.Sprintf("%q is not a whole number above 0", s), "write one such as 1024"}
	}
	return n, nil
}}

var fraction = realNumber("fraction from 0 to 1", 0, 1, "write one such as 0.1")

var factor = realNumber("number from 1 to 1000", 1, 1000, "write one such as 2")

func realNumber(name string, least, most float64, remedy string) kind[float64] {
	return kind[float64]{name: name, parse: func(s string) (float64, error) {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || !(f >= least && f <= most) { // not-a-number is neither
			return 0, valueFault{fmt.Sprintf("%q is not a %s", s, name), remedy}
		}
		return f, nil
	}}
}

var cores = kind[float64]{name: "number of cores", parse: func(s string) (float64, error) {
	digits, percent := strings.CutSuffix(s, "%")
	f, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if percent {
		f /= 100
	}
	if err != nil || !(f > 0 && f <= 1e6) {
		return 0, valueFault{fmt.Sprintf("%q is not a number of cores", s), "write 1.5 or 150%"}
	}
	return f, nil
}}

var size = kind[int64]{name: "size", parse: parseSize}

var sizeUnit = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^ ?(?:([kKmMgGtTpP])i?)?[bB]?$`) })

// parseSize reads 4096, 50MB, 1GiB. MB and MiB are the same 1024² bytes, as
// they are to supervisord, whose keys these are.
func parseSize(s string) (int64, error) {
	bad := valueFault{fmt.Sprintf("%q is not a size", s), "write 4096, 50MB or 1GiB"}
	end := strings.IndexFunc(s, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if end < 0 {
		end = len(s)
	}
	digits, unit := s[:end], s[end:]
	f, err := strconv.ParseFloat(digits, 64)
	parts := sizeUnit().FindStringSubmatch(unit)
	if err != nil || parts == nil {
		return 0, bad
	}
	power := 0
	if parts[1] != "" {
		power = strings.Index("kmgtp", strings.ToLower(parts[1])) + 1
	}
	bytes := f * math.Pow(1024, float64(power))
	if bytes >= math.MaxInt64 {
		return 0, valueFault{fmt.Sprintf("%q is too large", s), "write less than 8192PB"}
	}
	return int64(bytes), nil
}

var coreSize = kind[*uint64]{name: "size or unlimited", format: formatCoreSize, parse: func(s string) (*uint64, error) {
	limit := uint64(math.MaxUint64)
	if s == "unlimited" || s == "infinity" {
		return &limit, nil
	}
	n, err := parseSize(s)
	limit = uint64(n)
	return &limit, err
}}

var fileMode = kind[uint32]{name: "octal mode", format: func(mode uint32) string { return fmt.Sprintf("%04o", mode) }, parse: func(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 8, 32)
	if err != nil || n > 0o777 {
		return 0, valueFault{fmt.Sprintf("%q is not a file mode", s), "write octal digits such as 0600"}
	}
	return uint32(n), nil
}}

// logMode is the mode of a log. The user that writes the log must be able to open it again.
var logMode = kind[uint32]{name: "octal mode from 0600", format: fileMode.format, parse: func(s string) (uint32, error) {
	n, err := fileMode.parse(s)
	if err == nil && n&0o600 != 0o600 {
		return 0, valueFault{s + " does not let the initiator read and write its own log", "write 0600, 0640 or 0644"}
	}
	return n, err
}}

var octalMode = kind[int]{name: "octal mode", format: func(mode int) string { return fmt.Sprintf("%03o", mode) }, parse: func(s string) (int, error) {
	n, err := fileMode.parse(s)
	return int(n), err
}}

var autoPort = kind[int]{name: "port or auto", format: formatPort, parse: func(s string) (int, error) {
	if s == "auto" {
		return 0, nil
	}
	n, err := wholeNumber(1, maxPort).parse(s)
	if err != nil {
		return 0, valueFault{fmt.Sprintf("%q is not a port", s), "write auto, or a number from 1 to 65535"}
	}
	return n, nil
}}
