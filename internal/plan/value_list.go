package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// splitItems splits a list at commas and white space.
func splitItems(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' })
}

var exitCodes = kind[[]int]{name: "list of exit codes", format: formatCodes, parse: func(s string) ([]int, error) {
	var codes []int
	for _, item := range splitItems(s) {
		n, err := strconv.Atoi(item)
		if err != nil || n < 0 || n > 255 {
			return nil, valueFault{fmt.Sprintf("%q is not an exit code", item), "write numbers from 0 to 255, as 0,2"}
		}
		codes = append(codes, n)
	}
	return codes, nil
}}

// retryExitCodes reads any, none or a list of exit codes.
var retryExitCodes = kind[string]{name: "any, none or a list of exit codes", parse: func(s string) (string, error) {
	if s == "any" || s == "none" {
		return s, nil
	}
	codes, err := exitCodes.parse(s)
	if err != nil || len(codes) == 0 || slices.Contains(codes, 0) {
		return "", valueFault{fmt.Sprintf("%q is not a list of exit codes of failures", s), "write any, none or numbers from 1 to 255, as 75,1"}
	}
	return formatCodes(codes), nil
}}

var nameList = kind[[]string]{name: "list of names", parse: func(s string) ([]string, error) {
	names := splitItems(s)
	for _, n := range names {
		if _, err := name.parse(n); err != nil {
			return nil, err
		}
	}
	return names, nil
}}

var conditions = oneOf("started", "ready", "completed", "completed_successfully")

// dependencies reads "db:ready, migrate:completed"; a bare name means ready.
var dependencies = kind[[]Dependency]{name: "list of name:condition", format: formatDependencies, parse: func(s string) ([]Dependency, error) {
	var all []Dependency
	for _, item := range splitItems(s) {
		who, when, given := strings.Cut(item, ":")
		if !given {
			when = "ready"
		}
		if _, err := name.parse(who); err != nil {
			return nil, valueFault{fmt.Sprintf("%q is not a dependency", item), "write name:ready, and a comma before the next"}
		}
		when, err := conditions.parse(when)
		if err != nil {
			return nil, err
		}
		all = append(all, Dependency{Name: who, Condition: when})
	}
	return all, nil
}}

// parseRate reads "10/10min"; none and 0 mean no limit.
func parseRate(s string) (limit int, window time.Duration, err error) {
	if s == "none" || s == "0" {
		return 0, 0, nil
	}
	bad := valueFault{fmt.Sprintf("%q is not a limit", s), "write deaths/time, as 10/10min, or none"}
	deaths, span, both := strings.Cut(s, "/")
	limit, err = strconv.Atoi(strings.TrimSpace(deaths))
	if err != nil || limit < 1 || limit > 1_000_000 || !both {
		return 0, 0, bad
	}
	window, err = parseDuration(strings.TrimSpace(span))
	if err != nil || window == 0 {
		return 0, 0, bad
	}
	return limit, window, nil
}

// parseRecycle reads "tasks:1000, rss:500MB, age:1d".
func parseRecycle(r *Restart, s string) error {
	for item := range strings.SplitSeq(s, ",") {
		what, limit, _ := strings.Cut(strings.TrimSpace(item), ":")
		var err error
		switch what {
		case "tasks":
			r.RecycleTasks, err = wholeNumber(1, maxInt).parse(limit)
		case "rss":
			r.RecycleRSS, err = parseSize(limit)
		case "age":
			r.RecycleAge, err = parseDuration(limit)
		default:
			return valueFault{fmt.Sprintf("%q is not a limit", strings.TrimSpace(item)), "write tasks:1000, rss:500MB or age:1d, with commas between"}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

var readiness = kind[Ready]{name: "webhook, line:REGEX, notify, http:/path, tcp, alive", format: formatReady, parse: parseReady}

func parseReady(s string) (Ready, error) {
	what, rest, _ := strings.Cut(s, ":")
	switch {
	case what == "line":
		return lineReady(rest)
	case what == "http" && strings.HasPrefix(rest, "/"):
		return Ready{Kind: "http", Path: rest}, nil
	case what == "http":
		return Ready{}, valueFault{fmt.Sprintf("%q names no path", s), "write http:/healthz; address and port are the worker's"}
	}
	word, err := oneOf("webhook", "notify", "tcp", "alive").parse(s)
	if err != nil {
		return Ready{}, valueFault{fmt.Sprintf("%q is not a valid value for ready", s), "write webhook, line:REGEX, notify, http:/path, tcp or alive"}
	}
	return Ready{Kind: word}, nil
}

func lineReady(pattern string) (Ready, error) {
	if pattern == "" {
		return Ready{}, valueFault{"the regular expression is empty", "write line:listening on"}
	}
	if _, err := regexp.Compile(pattern); err != nil {
		return Ready{}, valueFault{err.Error(), "write the syntax of Go's regexp, which is RE2's"}
	}
	return Ready{Kind: "line", Pattern: pattern}, nil
}
