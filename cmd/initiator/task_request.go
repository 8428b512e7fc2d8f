package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator/task"
	"initiator/internal/bounds"
)

// requestFlags are the flags that describe a task.
type requestFlags struct {
	method, key string
	unique      string
	callback    string
	progress    cli.DurationFlag
	priority    int
	attempts    int
	atMostOnce  bool
	timeout     cli.DurationFlag
	delay       cli.DurationFlag
	deadline    cli.MomentFlag
	flags       *pflag.FlagSet
}

// addFlags adds the flags to a verb.
func (r *requestFlags) addFlags(f *pflag.FlagSet) {
	r.flags = f
	f.StringVar(&r.method, "method", "", "the `METHOD` of the worker; the same as POOL.METHOD")
	f.StringVar(&r.key, "key", "", "submitting the same `KEY` again returns the same task")
	f.StringVar(&r.unique, "unique", "", "while a task of the pool with this `KEY` has not ended, return that task")
	f.StringVar(&r.callback, "callback", "", "POST the record of the task to this `URL` when it has ended")
	f.Var(&r.progress, "progress-timeout", "time limit of an attempt without progress")
	f.IntVar(&r.priority, "priority", task.DefaultPriority, "a number `N` from 0 to 9; tasks with a higher number are handed out first")
	f.IntVar(&r.attempts, "attempts", 0, "make at most `N` attempts; 0 = as many as the pool allows")
	f.BoolVar(&r.atMostOnce, "at-most-once", false, "make no other attempt after an attempt that reached a worker; =false: although the pool says so")
	f.Var(&r.timeout, "timeout", "time limit of one attempt")
	f.Var(&r.delay, "delay", "time before the first attempt")
	f.Var(&r.deadline, "deadline", "when the task fails if it has not ended: a time, or a duration from now")
}

// buildRequest returns the task that POOL, DATA and the flags describe.
func (r *requestFlags) buildRequest(args []string, stdin io.Reader) (task.Request, error) {
	data, err := readPayload(args[1:], stdin)
	if err != nil {
		return task.Request{}, err
	}
	q := task.Request{
		Pool: args[0], Method: r.method, Key: r.key, Data: data,
		Unique: r.unique, Callback: r.callback,
		Delay: task.Seconds(r.delay.Value), Deadline: r.deadline.At, Attempts: r.attempts,
	}
	if r.flags.Changed("priority") {
		q.Priority = &r.priority
	}
	if r.flags.Changed("at-most-once") {
		q.AtMostOnce = &r.atMostOnce
	}
	if r.timeout.Given {
		timeout := task.Seconds(r.timeout.Value)
		q.Timeout = &timeout
	}
	if r.progress.Given {
		patience := task.Seconds(r.progress.Value)
		q.ProgressTimeout = &patience
	}
	return q, nil
}

// readRequests is buildRequest, unless standard input has a task in each line:
// then many has their data, and q is common to all of them.
func (r *requestFlags) readRequests(args []string, stdin io.Reader) (q task.Request, many *taskInput, err error) {
	if len(args) < 2 || args[1] != "-" {
		q, err = r.buildRequest(args, stdin)
		return q, nil, err
	}
	many, rest, err := readTaskInput(stdin)
	switch {
	case err != nil:
		return q, nil, err
	case many == nil:
		q, err = r.buildRequest(args, rest)
		return q, nil, err
	}
	if err := refuseSingleTaskFlags(r.flags); err != nil {
		return q, nil, err
	}
	q, err = r.buildRequest(args[:1], nil)
	return q, many, err
}

// readPayload reads DATA: JSON itself, - for standard input, @FILE for a file;
// null without DATA.
func readPayload(args []string, stdin io.Reader) (json.RawMessage, error) {
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
		return nil, cli.UsageFault(fmt.Errorf("read the task's data: %w", err))
	}
	return data, validJSON(from, data)
}

// validJSON returns an error that says where a text stops being JSON.
func validJSON(from string, data []byte) error {
	var v json.RawMessage
	err := json.Unmarshal(data, &v)
	if err == nil {
		return nil
	}
	if deep := bounds.CheckNesting(data); deep != nil {
		return cli.UsageFault(fmt.Errorf("%s: %w", from, deep))
	}
	at := ""
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		near := data[max(0, int(syntax.Offset)-20):min(len(data), int(syntax.Offset)+10)]
		at = fmt.Sprintf(" at byte %d, near %q", syntax.Offset, near)
	}
	return cli.NewFault(
		cli.ExitUsage, fmt.Errorf("%s is not JSON: %w%s", from, err, at),
		`quote it for the shell: '{"a": 2}'; a text is '"text"'; @FILE and - read it from elsewhere`,
	)
}
