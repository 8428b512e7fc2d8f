package plan

import (
	"fmt"
	"strings"
	"time"
)

// syncs reads always, off and interval:100ms.
var syncs = kind[Sync]{name: "always, off or interval:TIME", parse: func(s string) (Sync, error) {
	switch what, span, both := strings.Cut(s, ":"); {
	case s == "always":
		return Sync{}, nil
	case s == "off":
		return Sync{Off: true}, nil
	case both && what == "interval":
		every, err := parseDuration(strings.TrimSpace(span))
		if err == nil && every < time.Millisecond {
			err = valueFault{fmt.Sprintf("%q is too short an interval", span), "write interval:100ms, or always"}
		}
		return Sync{Every: every}, err
	}
	return Sync{}, valueFault{fmt.Sprintf("%q is not a valid value for sync", s), "write always, off or interval:100ms"}
}}

// retention reads "tasks:10000, age:1h"; a limit that is not named keeps its default.
var retention = retentionKind(DefaultRetention)

// failedRetention reads the same for failed and dead tasks.
var failedRetention = retentionKind(DefaultFailedRetention)

// retentionText writes a retention as people write it.
func retentionText(r Retention) string {
	return fmt.Sprintf("tasks:%d, age:%s", r.Tasks, durationText(r.Age))
}

func retentionKind(standard Retention) kind[Retention] {
	return kind[Retention]{name: "tasks:N, age:TIME", format: formatRetention, parse: func(s string) (Retention, error) {
		r := standard
		for item := range strings.SplitSeq(s, ",") {
			what, limit, _ := strings.Cut(strings.TrimSpace(item), ":")
			var err error
			switch what {
			case "tasks":
				r.Tasks, err = wholeNumber(1, maxInt).parse(limit)
			case "age":
				r.Age, err = parseDuration(limit)
				if err == nil && r.Age == 0 {
					err = valueFault{"0 is no age", "write age:1h"}
				}
			default:
				err = valueFault{fmt.Sprintf("%q is not a limit", strings.TrimSpace(item)), "write tasks:10000 or age:1h, with a comma between"}
			}
			if err != nil {
				return r, err
			}
		}
		return r, nil
	}}
}
