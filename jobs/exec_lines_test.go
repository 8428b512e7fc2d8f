package jobs

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"initiator/proactor"
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

// TestExecLinesDropsUnrequestedLines: a line without a question is the answer
// to no task.
func TestExecLinesDropsUnrequestedLines(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := spawn(t, sh(`echo "stray $$" >&2; while read -r line; do echo "[$$,$line]"; test "$line" = 1 && echo '"stray"' && exit; done`), asLines)
	p.connect()
	if _, got := p.inline("1", `1`); !strings.HasSuffix(got, ",1]") {
		t.Error(got)
	}
	// The unrequested line is on its way. Whether it has arrived decides only
	// how the second task ends; no task gets the answer of another task.
	for i := range 3 {
		if status, got := p.inline(fmt.Sprint("x", i), `2`); status == "completed" && strings.HasSuffix(got, ",2]") {
			return
		}
	}
	t.Errorf("it is never in step again (%s)", filepath.Base(dir))
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
	p.waitHeartbeat(func(proactor.RunningTask) bool { _, err := os.Stat(here); return err == nil })
	p.give("2", `2`) // waits for its turn
	p.cancel("1")
	got := []string{<-p.results, <-p.results} // the order of the reports may differ
	slices.Sort(got)
	if want := []string{`1 fail {"message":"cancelled by the initiator"}`, `2 complete 2`}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
