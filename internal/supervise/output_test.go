package supervise

import (
	"slices"
	"sync"
	"testing"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

// TestOutputSaysWhose: lines for the initiator's own output, and with AllStderr
// of every stderr, name their worker and incarnation.
func TestOutputSaysWhose(t *testing.T) {
	t.Parallel()
	script := func(s *plan.Spec) {
		plain(s)
		s.Stdout.Path, s.RedirectStderr = "", false
		s.Command = []string{"sh", "-c", "echo out; echo err >&2; exec sleep 3600"}
	}
	shown, quiet := spec("shown", "", script), spec("quiet", "", script)
	shown.Stdout.Path, shown.Replicas = "-", 2
	var mu sync.Mutex
	var got []Lines
	s := open(t, planOf(shown, quiet), func(o *Options) {
		o.AllStderr, o.LastSeq = true, 41
		own := o.OnOutput
		o.OnOutput = func(l Lines) {
			mu.Lock()
			got = append(got, l)
			mu.Unlock()
			own(l)
		}
	})
	s.until("five lines", func(_ []report.Event, lines []string) bool { return len(lines) == 5 })
	mu.Lock()
	defer mu.Unlock()
	var said []string
	for _, l := range got {
		if l.Incarnation != 1 || l.Dropped != 0 || l.GUID == "" || (l.To == "stdout") != (l.Stream == "stdout") || !l.Prefixed {
			t.Errorf("%+v", l)
		}
		for _, text := range l.Lines {
			said = append(said, l.Name+string(rune('0'+l.Index))+" "+l.Stream+" "+text)
		}
	}
	slices.Sort(said)
	if want := []string{"quiet0 stderr err", "shown0 stderr err", "shown0 stdout out", "shown1 stderr err", "shown1 stdout out"}; !slices.Equal(said, want) {
		t.Errorf("%q", said)
	}
	if first := s.seen[0].Seq; first != 42 {
		t.Errorf("the first transition has number %d", first)
	}
}

// TestTransitionsCarryTheExit: a transition holds the exit, and a worker says
// when its last two incarnations began.
func TestTransitionsCarryTheExit(t *testing.T) {
	t.Parallel()
	dies := spec("dies", "", func(s *plan.Spec) {
		plain(s)
		s.Command = []string{"sh", "-c", "test $INITIATOR_INCARNATION = 2 && exec sleep 3600; exit 3"}
	})
	s := open(t, planOf(dies))
	death := s.saw("its death", func(tr report.Event) bool { return tr.Exit != nil })
	if death.Exit.Code != 3 || death.Incarnation != 1 || death.Began.IsZero() {
		t.Errorf("%+v, %+v", death, death.Exit)
	}
	s.saw("its successor", func(tr report.Event) bool { return tr.Incarnation == 2 && tr.Ready })
	if w := s.one("dies"); !w.BeganBefore.Equal(death.Began) || !w.Began.After(w.BeganBefore) {
		t.Errorf("%+v", w)
	}
}
