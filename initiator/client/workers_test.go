//go:build unix

package client_test

import (
	"bufio"
	"context"
	"io"
	"strings"
	"testing"

	"initiator/initiator/client"
	"initiator/initiator/report"
)

func TestWorkersCanBeLaunchedStoppedAndRestarted(t *testing.T) {
	c, in := startAdder(t)
	ctx := t.Context()
	if s, err := c.Status(ctx); err != nil || s.URL != in.Initiator().URL() || len(s.Workers) != 1 {
		t.Errorf("%+v, %v", s, err)
	}
	one := require[report.Worker](t)(c.Launch(ctx, "adder", "my-own"))
	if one.GUID != "my-own" || !one.Ready {
		t.Errorf("%+v", one)
	}
	if got := require[[]report.Result](t)(c.Stop(ctx, "my-own")); got[0].Worker.State != report.Stopped {
		t.Errorf("%+v", got)
	}
	if got := require[[]report.Result](t)(c.Start(ctx, "all")); len(got) != 2 {
		t.Errorf("%+v", got)
	}
	if got := require[[]report.Result](t)(c.Restart(ctx, "my-own")); got[0].Worker.Incarnation != 3 {
		t.Errorf("%+v", got)
	}
	if list := require[[]report.Worker](t)(c.Workers(ctx)); len(list) != 2 {
		t.Errorf("%+v", list)
	}
}

func TestEventsEndAtTheNewestOrFollow(t *testing.T) {
	c, _ := startAdder(t)
	ctx := t.Context()
	past := require[[]report.Event](t)(c.PastEvents(ctx, 0))
	if len(past) < 2 || past[0].Seq != 1 {
		t.Fatalf("%+v", past)
	}
	newest := past[len(past)-1].Seq
	if later := require[[]report.Event](t)(c.PastEvents(ctx, newest)); len(later) != 0 {
		t.Errorf("after the newest: %+v", later)
	}
	require[report.Worker](t)(c.Launch(ctx, "adder", ""))
	for x, err := range c.Events(ctx, newest) {
		if err != nil || x.Seq != newest+1 {
			t.Errorf("event %d, %v after %d", x.Seq, err, newest)
		}
		break
	}
}

func TestEventsFromNowLeaveOutThePast(t *testing.T) {
	c, in := startAdder(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { // the stream opens at some moment during these restarts
		for ctx.Err() == nil {
			_, _ = c.Restart(ctx, "all")
		}
		close(done)
	}()
	first := in.Initiator().Workers()[0]
	for x, err := range c.Events(ctx, client.Now) {
		if err != nil || x.Incarnation <= first.Incarnation && x.To == report.Starting {
			t.Errorf("%+v is in the past, or %v", x, err)
		}
		break
	}
	cancel()
	<-done
}

func TestLogsCanBeReadAndFollowed(t *testing.T) {
	c, in := startAdder(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	followed := require[io.ReadCloser](t)(c.LogText(ctx, report.LogQuery{Stream: "stderr", Follow: true}, "adder"))
	defer followed.Close()
	lines := bufio.NewScanner(followed)
	until := func(text string) {
		for lines.Scan() {
			if strings.Contains(lines.Text(), text) {
				return
			}
		}
		t.Errorf("the log ended without %s", text)
	}
	until(`"@message":"connected"`) // this line is written a little after the worker is ready
	from := require[io.ReadCloser](t)(c.LogText(ctx, report.LogQuery{Stream: "stderr", Tail: 1}, in.Initiator().Workers()[0].GUID))
	defer from.Close()
	if data, err := io.ReadAll(from); err != nil || strings.Count(string(data), "\n") != 1 {
		t.Errorf("%q, %v; want one line", data, err)
	}
	restarted := make(chan struct{})
	go func() {
		defer close(restarted)
		_, _ = c.Restart(ctx, "adder") // its effect is read from the log
	}()
	until(`"incarnation":2`)
	<-restarted
}
