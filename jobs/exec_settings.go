package jobs

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"initiator/worker"
)

// execSettings are the keys of exec in the worker's own section.
type execSettings struct {
	lines bool       // exec_mode = lines
	ids   bool       // exec_ids: with lines, lines and answers carry the task's id
	retry retryCodes // retry_exitcodes
}

// readExecSettings reads the settings of the worker that ctx belongs to. It
// returns an error only in a worker that was started by hand: an initiator has
// checked the values.
func readExecSettings(ctx context.Context) (execSettings, error) {
	mode, _ := worker.Setting(ctx, "exec_mode")
	ids, _ := worker.Setting(ctx, "exec_ids")
	codes, given := worker.Setting(ctx, "retry_exitcodes")
	s := execSettings{lines: mode == "lines", retry: retryCodes{list: []int{tempFail}}}
	var err error
	if given {
		s.retry, err = parseRetryCodes(codes)
	}
	if ids != "" && err == nil {
		if s.ids, err = strconv.ParseBool(ids); err != nil {
			err = fmt.Errorf("exec_ids = %s: use true or false", ids)
		}
	}
	return s, err
}

// retryCodes are the exit codes after which a task is tried again.
type retryCodes struct {
	any  bool // every exit code but 0
	list []int
}

// parseRetryCodes reads any, none or a list such as "75,1".
func parseRetryCodes(text string) (retryCodes, error) {
	switch text {
	case "any":
		return retryCodes{any: true}, nil
	case "none":
		return retryCodes{}, nil
	}
	var r retryCodes
	for item := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		code, err := strconv.Atoi(item)
		if err != nil {
			return r, fmt.Errorf("retry_exitcodes = %s: use any, none or a list such as 75,1", text)
		}
		r.list = append(r.list, code)
	}
	return r, nil
}

// allowsRetry reports whether a task is tried again after an exit code.
func (r retryCodes) allowsRetry(code int) bool { return r.any || slices.Contains(r.list, code) }
