package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"initiator/internal/queue"
)

// requestFlags are the flags that describe a task.
type requestFlags struct {
	method, key string
	unique      string
	callback    string
	progress    span
	priority    int
	attempts    int
	timeout     span
	delay       span
	deadline    moment
	flags       *pflag.FlagSet
}

func (r *requestFlags) add(f *pflag.FlagSet) {
	r.flags = f
	f.StringVar(&r.method, "method", "", "the worker's `METHOD`; POOL.METHOD says the same")
	f.StringVar(&r.key, "key", "", "submitting the same `KEY` twice is one task")
	f.StringVar(&r.unique, "unique", "", "submit nothing while a task of the pool with this `KEY` is alive, and name that one")
	f.StringVar(&r.callback, "callback", "", "a `URL` that is POSTed the record of the task when it has ended")
	f.Var(&r.progress, "progress-timeout", "how long one attempt may make no progress")
	f.IntVar(&r.priority, "priority", task.DefaultPriority, "0 to 9, higher first")
	f.IntVar(&r.attempts, "attempts", 0, "how often it may be tried; 0 = as the pool says")
	f.Var(&r.timeout, "timeout", "how long one attempt may take")
	f.Var(&r.delay, "delay", "how long it waits before it may run")
	f.Var(&r.deadline, "deadline", "when it is given up, wherever it is: a time, or a duration from now")
}

// request makes the task that POOL, DATA and the flags describe.
func (r *requestFlags) request(args []string, stdin io.Reader) (task.Request, error) {
	data, err := payload(args[1:], stdin)
	if err != nil {
		return task.Request{}, err
	}
	q := task.Request{
		Pool: args[0], Method: r.method, Key: r.key, Data: data,
		Unique: r.unique, Callback: r.callback,
		Delay: task.Seconds(r.delay.d), Deadline: r.deadline.at, Attempts: r.attempts,
	}
	if r.flags.Changed("priority") {
		q.Priority = &r.priority
	}
	if r.timeout.set {
		timeout := task.Seconds(r.timeout.d)
		q.Timeout = &timeout
	}
	if r.progress.set {
		patience := task.Seconds(r.progress.d)
		q.ProgressTimeout = &patience
	}
	return q, nil
}

// requests is request, unless standard input has a task in each line: then feed
// has their data, and the request is what they have in common.
func (r *requestFlags) requests(args []string, stdin io.Reader) (q task.Request, many *feed, err error) {
	if len(args) < 2 || args[1] != "-" {
		q, err = r.request(args, stdin)
		return q, nil, err
	}
	many, rest, err := feedOf(stdin)
	switch {
	case err != nil:
		return q, nil, err
	case many == nil:
		q, err = r.request(args, rest)
		return q, nil, err
	}
	if err := oneOnly(r.flags); err != nil {
		return q, nil, err
	}
	q, err = r.request(args[:1], nil)
	return q, many, err
}

// payload reads DATA: JSON itself, - for stdin, @FILE for a file, and null
// when there is none.
func payload(args []string, stdin io.Reader) (json.RawMessage, error) {
	if len(args) == 0 {
		return json.RawMessage("null"), nil
	}
	from, data, err := "DATA", []byte(args[0]), error(nil)
	switch name, isFile := strings.CutPrefix(args[0], "@"); {
	case isFile:
		from = name
		data, err = os.ReadFile(name)
	case args[0] == "-":
		from = "standard input"
		data, err = io.ReadAll(stdin)
	}
	if err != nil {
		return nil, usage(fmt.Errorf("read the task's data: %w", err))
	}
	return data, validJSON(from, data)
}

// validJSON says where a text stops being JSON.
func validJSON(from string, data []byte) error {
	var v json.RawMessage
	err := json.Unmarshal(data, &v)
	if err == nil {
		return nil
	}
	at := ""
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		near := data[max(0, int(syntax.Offset)-20):min(len(data), int(syntax.Offset)+10)]
		at = fmt.Sprintf(" at byte %d, near %q", syntax.Offset, near)
	}
	return &fault{
		exitUsage, fmt.Errorf("%s is not JSON: %w%s", from, err, at),
		`quote it for the shell: '{"a": 2}'; a text is '"text"'; @FILE and - read it from elsewhere`,
	}
}
