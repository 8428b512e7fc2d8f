package initiator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/google/uuid"

	"initiator/initiator/client"
	"initiator/initiator/task"
	"initiator/internal/testlength"
)

// checkAll waits for the end of every task, and checks all records and answers.
func (c *chaos) checkAll() {
	c.t.Helper()
	byKey := map[string]task.Task{}
	for _, one := range c.checkAcknowledged() {
		byKey[one.Key] = one
	}
	c.checkHistory(byKey)
	if c.t.Failed() {
		c.t.Logf("seen with -chaos-seed %d", c.seed)
	}
}

// checkAcknowledged waits for the end of every task, and checks that every
// acknowledged task is among them, and every record. It returns the tasks.
func (c *chaos) checkAcknowledged() []task.Task {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), testlength.Patience)
	defer cancel()
	all := c.waitAllTasks(ctx)
	begun := c.countBegun(c.journals)
	byKey, states, tries := map[string]task.Task{}, map[task.State]int{}, map[task.Outcome]int{}
	for _, one := range all {
		if twice, ok := byKey[one.Key]; ok {
			c.t.Errorf("key %s is two tasks: %+v and %+v", one.Key, twice, one)
		}
		byKey[one.Key] = one
		states[one.State]++
		for _, a := range one.History {
			tries[a.Outcome]++
		}
		c.checkRecord(one, begun)
	}
	for key, first := range c.acked {
		if last, ok := byKey[key]; !ok || last.ID != first.id {
			c.t.Errorf("key %s was acknowledged as %+v and is %+v", key, first, last)
		}
	}
	if len(c.acked) == 0 || states[task.Completed] == 0 {
		c.t.Error("nothing was done")
	}
	c.t.Logf("%d keys acknowledged, ended as %v; tries %v", len(c.acked), states, tries)
	return all
}

// waitAllTasks returns every task at its end.
func (c *chaos) waitAllTasks(ctx context.Context) (all []task.Task) {
	of := c.newClient()
	defer of.Close()
	ids, err := listIDs(ctx, of)
	for err != nil && pause(ctx, 20*time.Millisecond) { // it was killed just now
		ids, err = listIDs(ctx, of)
	}
	for _, id := range ids {
		got, err := whateverEnd(of.Wait(ctx, id))
		if err != nil {
			c.t.Fatalf("-chaos-seed %d: %d of %d tasks have ended: wait: %v\n%s", c.seed, len(all), len(ids), err, c.describeUnfinished(of))
		}
		all = append(all, got)
	}
	return all
}

// listIDs returns the ids of all tasks, which may be more than a list has.
func listIDs(ctx context.Context, of *client.Client) (ids []uuid.UUID, err error) {
	var text bytes.Buffer
	if _, err := of.ExportTasks(ctx, &text); err != nil {
		return nil, err
	}
	for line := range bytes.Lines(text.Bytes()) {
		var one task.Task
		if err := json.Unmarshal(line, &one); err != nil {
			return nil, err
		}
		ids = append(ids, one.ID)
	}
	return ids, nil
}

// describeUnfinished describes the state of the pools, and some tasks that have not
// ended.
func (c *chaos) describeUnfinished(of *client.Client) string {
	ctx := c.t.Context()
	var b strings.Builder
	counts, err := of.Status(ctx)
	fmt.Fprintf(&b, "%+v %v\n", counts, err)
	for _, state := range []task.State{task.Running, task.Queued} {
		list, err := of.List(ctx, task.Filter{State: state, Limit: 5})
		fmt.Fprintf(&b, "%s: %v\n", state, err)
		for _, one := range list {
			fmt.Fprintf(&b, "%+v\n", one)
		}
	}
	return b.String()
}

// countBegun counts how often each try of each task was begun, by worker.
func (c *chaos) countBegun(journals string) map[string]int {
	found, err := filepath.Glob(filepath.Join(journals, "*"))
	if err != nil {
		c.t.Fatal(err)
	}
	killCount, tries := map[string]int{}, map[string]string{}
	for _, path := range found {
		text, err := os.ReadFile(path)
		if err != nil {
			c.t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSpace(line)
			killCount[line]++
			f := strings.Fields(line)
			try := f[0] + " " + f[1]
			if was, twice := tries[try]; twice {
				c.t.Errorf("one try of a task was begun twice: %q and %q", was, line)
			}
			tries[try] = line
		}
	}
	return killCount
}

// checkRecord checks that one terminal record is consistent.
func (c *chaos) checkRecord(one task.Task, begun map[string]int) {
	wrong := func(what string) {
		text, _ := json.Marshal(one) // it came as JSON
		c.t.Errorf("%s: %s", what, text)
	}
	if what := wrongCharge(one); what != "" {
		wrong(what)
	}
	paid, succeeded := 0, 0
	for _, a := range one.History {
		switch {
		case a.Outcome == "" || a.End.IsZero():
			wrong("it has ended, and an attempt at it has not")
		case a.N > one.Policy.Attempts:
			wrong("more attempts than allowed")
		case a.Outcome == task.OutcomeCompleted:
			succeeded++
		}
		if strings.HasPrefix(a.Error, "a try: ") && !strings.HasPrefix(a.Error, chaosResult{Worker: a.Worker, Incarnation: a.Incarnation, Try: a.Try}.words()) {
			wrong("an attempt failed as another did")
		}
		if !slices.Contains(uncharged, a.Outcome) {
			paid++
		}
	}
	if one.Attempt > one.Policy.Attempts || one.Attempt > paid {
		wrong("a wrong number of attempts")
	}
	if one.State != task.Completed {
		if succeeded > 0 {
			wrong("an attempt succeeded")
		}
		return
	}
	var r chaosResult
	if err := json.Unmarshal(one.Result, &r); err != nil || succeeded != 1 {
		wrong("completed without a result, or more than once")
		return
	}
	last := one.History[len(one.History)-1]
	if r.Worker != last.Worker || r.Incarnation != last.Incarnation || r.Try != last.Try || last.Outcome != task.OutcomeCompleted {
		wrong("the result is not that of its last attempt")
	}
	if begun[fmt.Sprint(one.ID, " ", r.Try, " ", r.Worker, " ", r.Incarnation)] == 0 {
		wrong("no worker has begun it")
	}
}

// checkHistory checks the answers that the clients got, and the final records after
// them.
func (c *chaos) checkHistory(ends map[string]task.Task) {
	now := int64(time.Since(c.began))
	for key, one := range ends {
		c.noted = append(c.noted, porcupine.Operation{
			Input: asked{"wait", key}, Output: answered{record: recordOf(one)}, Call: now, Return: now + 1,
		})
	}
	for _, part := range byKey(c.noted) {
		switch porcupine.CheckOperationsTimeout(history, part, 20*time.Second) {
		case porcupine.Illegal:
			c.t.Errorf("no order of these makes sense:\n%s", lines(part))
		case porcupine.Unknown:
			c.t.Errorf("cannot say whether these make sense:\n%s", lines(part))
		}
	}
	c.t.Logf("%d answers about %d tasks", len(c.noted), len(ends))
}

func lines(part []porcupine.Operation) string {
	var b strings.Builder
	for _, op := range part {
		fmt.Fprintf(&b, "%v–%v %s\n", time.Duration(op.Call), time.Duration(op.Return), history.DescribeOperation(op.Input, op.Output))
	}
	return b.String()
}
