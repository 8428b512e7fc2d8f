package initiator_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"initiator/initiator/client"
	"initiator/initiator/initiatortest"
	"initiator/initiator/report"
	"initiator/internal/testlength"
)

const speakersINI = `
[worker:speaker]
command       = sh -c 'echo "out of $$INITIATOR_INCARNATION"; echo "err of $$INITIATOR_INCARNATION" >&2; exec sleep 3600'
contract      = off
replicas      = 2
startsecs     = 0

[worker:joined]
command         = sh -c 'echo one; echo two >&2; echo three; exec sleep 3600'
contract        = off
redirect_stderr = true
ready           = line:^three$$
`

// read returns the lines of a query, each behind its worker and stream.
func read(t *testing.T, in *initiatortest.Server, name string, q report.LogQuery) ([]string, error) {
	t.Helper()
	var all []string
	for l, err := range in.Client().Logs(t.Context(), q, name) {
		if err != nil {
			return all, err
		}
		_, text, _ := strings.Cut(l.Line, " ")
		if l.At.IsZero() {
			t.Errorf("%+v", l)
		}
		all = append(all, l.Name+":"+string(rune('0'+l.Index))+" "+l.Stream+" "+text)
	}
	return all, nil
}

// waitSpoken waits until both speakers of an incarnation have written both lines.
func waitSpoken(t *testing.T, in *initiatortest.Server, incarnation string) {
	t.Helper()
	await(t, "all lines of incarnation "+incarnation, func() bool {
		lines, _ := read(t, in, "speaker", report.LogQuery{Stream: "both"})
		return strings.Count(strings.Join(lines, "\n")+"\n", " of "+incarnation+"\n") == 4
	})
}

func TestLogs(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, speakersINI)
	waitSpoken(t, in, "1")
	if _, err := read(t, in, "speaker", report.LogQuery{Previous: true}); err == nil || !strings.Contains(err.Error(), "no incarnation before") {
		t.Errorf("previous of the first: %v", err)
	}
	// Lines have times in whole milliseconds: wait for the next millisecond.
	written := time.Now().Truncate(time.Millisecond)
	before := time.Now()
	for before.Truncate(time.Millisecond).Equal(written) {
		before = time.Now()
	}
	if _, err := in.Client().Restart(t.Context(), "speaker"); err != nil {
		t.Fatal(err)
	}
	waitSpoken(t, in, "2")
	guid := in.Worker("joined").GUID
	for _, tt := range []struct {
		name string
		q    report.LogQuery
		want string // lines in any order of the two workers
	}{
		{"speaker", report.LogQuery{Previous: true}, "speaker:0 stdout out of 1|speaker:1 stdout out of 1"},
		{"speaker", report.LogQuery{Stream: "both", Previous: true}, "speaker:0 stderr err of 1|speaker:0 stdout out of 1|speaker:1 stderr err of 1|speaker:1 stdout out of 1"},
		{"speaker", report.LogQuery{Stream: "stderr", Since: before}, "speaker:0 stderr err of 2|speaker:1 stderr err of 2"},
		{"speaker", report.LogQuery{Tail: 2}, "speaker:0 stdout out of 2|speaker:1 stdout out of 2"},
		{guid, report.LogQuery{Stream: "both"}, "joined:0 stdout one|joined:0 stdout three|joined:0 stdout two"},
		{guid, report.LogQuery{Stream: "stderr", Tail: 1}, "joined:0 stderr three"},
		{"joined,speaker", report.LogQuery{Previous: true}, "speaker:0 stdout out of 1|speaker:1 stdout out of 1"},
	} {
		got, err := read(t, in, tt.name, tt.q)
		if sorted := sortedLines(got); sorted != tt.want || err != nil {
			t.Errorf("%s %+v: %s, %v\nwant %s", tt.name, tt.q, sorted, err, tt.want)
		}
	}
	if _, err := read(t, in, "nobody", report.LogQuery{}); !errors.Is(err, client.ErrUnknownWorker) {
		t.Error(err)
	}
}

func sortedLines(lines []string) string {
	all := append([]string(nil), lines...)
	for i := range all {
		for j := i; j > 0 && all[j] < all[j-1]; j-- {
			all[j], all[j-1] = all[j-1], all[j]
		}
	}
	return strings.Join(all, "|")
}

// A follower loses no line of a worker whose log is rotated again and again, and old
// files are kept as the INI says.
func TestLogsFollowRotation(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mkfifo(dir+"/go", 0o600); err != nil {
		t.Fatal(err)
	}
	in := initiatortest.StartText(t, `
[worker:counter]
command         = sh -c 'read go < `+dir+`/go; i=0; while test $$i -lt 30000; do i=$$((i+1)); echo "line $$i"; done; exec sleep 3600'
contract        = off
startsecs       = 0
stdout_logfile  = `+dir+`/out.log
stdout_logfile_maxbytes = 20kB
stdout_logfile_backups  = 3
`)
	ctx, cancel := context.WithTimeout(t.Context(), testlength.Patience)
	defer cancel()
	followed, err := in.Client().LogText(ctx, report.LogQuery{Follow: true}, "counter") // the log is open when it returns
	if err != nil {
		t.Fatal(err)
	}
	defer followed.Close()
	if err := os.WriteFile(dir+"/go", []byte("go\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := 0
	for lines := bufio.NewScanner(followed); lines.Scan() && !strings.HasSuffix(lines.Text(), " line 30000"); {
		got++
	}
	if ctx.Err() != nil {
		t.Error("the last line was not followed")
	}
	files, _ := filepath.Glob(dir + "/out.log*")
	if len(files) != 4 {
		t.Errorf("files %q, want the log and three old ones", files)
	}
	t.Logf("%d of 30000 lines followed through %d files", got, len(files))
}

// After a log was moved, its lines go to a new file.
func TestReopen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "out.log")
	in := initiatortest.StartText(t, `
[worker:w]
command        = sh -c 'trap "echo heard" HUP; echo up; while :; do sleep 0.1; done'
contract       = off
ready          = line:^up$$
stdout_logfile = `+path+`
`)
	in.WaitFor("w", func(w report.Worker) bool { return w.Ready })
	if err := os.Rename(path, path+".moved"); err != nil {
		t.Fatal(err)
	}
	if err := in.Initiator().Reopen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := in.Client().Signal(t.Context(), "HUP", "w"); err != nil {
		t.Fatal(err)
	}
	await(t, "the new file", func() bool {
		text, _ := os.ReadFile(path)
		return strings.HasSuffix(string(text), " heard\n")
	})
	if text, err := os.ReadFile(path + ".moved"); err != nil || strings.Contains(string(text), "heard") {
		t.Errorf("the moved file: %q, %v", text, err)
	}
}
