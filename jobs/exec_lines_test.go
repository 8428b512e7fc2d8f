package jobs

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"initiator/internal/webhook"
)

const asLines = "exec_mode = lines\n"

// TestExecLines: one process serves all tasks in order, with whole lines.
func TestExecLines(t *testing.T) {
	t.Parallel()
	p := spawn(t, sh(`while read -r line; do n=$((n+1)); echo "{\"n\":$n,\"was\":$line}"; done`), asLines)
	p.connect()
	for i, data := range []string{`1`, `"two"`, "{\n  \"a\": [1,\n 2]\n}", `null`} {
		line := strings.NewReplacer("\n", "", " ", "").Replace(data)
		want := fmt.Sprintf(`{"n":%d,"was":%s}`, i+1, line)
		if status, got := p.inline(fmt.Sprint(i), data); status != "completed" || got != want {
			t.Errorf("%s %s, want %s", status, got, want)
		}
	}
}

func TestExecLinesWithoutJSON(t *testing.T) {
	t.Parallel()
	p := spawn(t, sh(`while read -r line; do echo "got $line"; done`), asLines)
	p.connect()
	if status, got := p.inline("1", `"x"`); status != "completed" || got != `"got \"x\""` {
		t.Errorf("%s %s", status, got)
	}
}

// TestExecLinesSurvivesItsProcess: the task of a process that dies fails and
// may be tried again, and the next task finds a new process.
func TestExecLinesSurvivesItsProcess(t *testing.T) {
	t.Parallel()
	p := spawn(t, sh(`while read -r line; do test "$line" = 2 && { echo ouch >&2; exit 7; }; echo "[$$,$line]"; done`), asLines)
	p.connect()
	_, first := p.inline("1", `1`)
	status, died := p.inline("2", `2`)
	if status != "failed" || died != `{"code":7,"message":"exit code 7","stderr":"ouch"}` {
		t.Errorf("%s %s", status, died)
	}
	status, third := p.inline("3", `1`)
	if status != "completed" || third == first {
		t.Errorf("%s %s, the first was %s", status, third, first)
	}
}

// TestExecLinesLogsUnrequestedLines: a line that the process has written before
// it got a task is the answer to no task, and the process goes on.
func TestExecLinesLogsUnrequestedLines(t *testing.T) {
	t.Parallel()
	p := spawn(t, sh(`echo "the model is loaded"; while read -r line; do echo "[$$,$line]"; echo "done with $line"; done`), asLines)
	p.connect()
	p.waitStderr("the model is loaded")
	_, first := p.inline("1", `1`)
	p.waitStderr("done with 1")
	_, second := p.inline("2", `2`)
	if !strings.HasSuffix(first, ",1]") || second != strings.Replace(first, ",1]", ",2]", 1) {
		t.Errorf("%s, %s", first, second)
	}
}

// TestExecLinesIgnoresBegunLines: the rest of a line that began before the task
// is no answer to it.
func TestExecLinesIgnoresBegunLines(t *testing.T) {
	t.Parallel()
	begun := filepath.Join(t.TempDir(), "begun")
	p := spawn(t, sh(`printf 4; touch `+begun+`; read -r line; echo 2; echo "[$line]"; read -r line`), asLines)
	p.connect()
	waitFor(t, func() bool { _, err := os.Stat(begun); return err == nil })
	if status, got := p.inline("1", `1`); status != "completed" || got != "[1]" {
		t.Errorf("%s %s", status, got)
	}
}

// TestExecLinesWithIDs: only the line with the id of the task is its answer.
func TestExecLinesWithIDs(t *testing.T) {
	t.Parallel()
	p := spawn(t, sh(`before=none; while read -r line; do
		id=$(printf %s "$line" | sed 's/^{"id":"\([^"]*\)".*/\1/')
		echo "{\"id\":\"$before\",\"result\":\"late\"}"
		echo a note
		case $line in *'"fail"'*) echo "{\"id\":\"$id\",\"error\":\"no\"}";; *) echo "{\"id\":\"$id\",\"result\":$line}";; esac
		before=$id
	done`), asLines+"exec_ids = true\n")
	p.connect()
	for _, id := range []string{"a", "b"} {
		if status, got := p.inline(id, "[1,\n2]"); status != "completed" || got != `{"id":"`+id+`","data":[1,2]}` {
			t.Errorf("%s %s", status, got)
		}
	}
	p.waitStderr("late")
	if status, got := p.inline("c", `"fail"`); status != "failed" || !strings.Contains(got, `unknown member \"error\"`) {
		t.Errorf("%s %s", status, got)
	}
}

func TestExecLinesWithoutLineEnd(t *testing.T) {
	t.Parallel()
	p := spawn(t, execJob("cat", "/dev/zero"), asLines)
	p.connect()
	if status, got := p.inline("1", `1`); status != "failed" || got != `{"message":"its answer is longer than a result may be","stderr":""}` {
		t.Errorf("%s %.300s", status, got)
	}
}

func TestExecLinesCancel(t *testing.T) {
	t.Parallel()
	here := filepath.Join(t.TempDir(), "here")
	p := spawn(t, sh(`while read -r line; do test "$line" = 1 && { touch `+here+`; sleep 3600; }; echo "$line"; done`), asLines+"slots = 2\n")
	p.connect()
	p.give("1", `1`)
	p.waitHeartbeat(func(webhook.RunningTask) bool { _, err := os.Stat(here); return err == nil })
	p.give("2", `2`) // waits for its turn
	p.cancel("1")
	got := []string{<-p.results, <-p.results} // the order of the reports may differ
	slices.Sort(got)
	if want := []string{`1 fail {"message":"cancelled by the initiator"}`, `2 complete 2`}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
