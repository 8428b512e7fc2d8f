package client_test

import (
	"bufio"
	"context"
	"errors"
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
	var past []report.Event
	keep := func(x report.Event) error { past = append(past, x); return nil }
	if err := c.Events(ctx, 0, false, keep); err != nil || len(past) < 2 || past[0].Seq != 1 {
		t.Fatalf("%+v, %v", past, err)
	}
	newest := past[len(past)-1].Seq
	if past = nil; c.Events(ctx, newest, false, keep) != nil || len(past) != 0 {
		t.Errorf("after the newest: %+v", past)
	}
	require[report.Worker](t)(c.Launch(ctx, "adder", ""))
	enough := errors.New("enough")
	err := c.Events(ctx, newest, true, func(x report.Event) error {
		if x.Seq <= newest {
			t.Errorf("event %d was seen before", x.Seq)
		}
		return enough
	})
	if !errors.Is(err, enough) {
		t.Errorf("%v, want what the function returned", err)
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
	enough := errors.New("enough")
	err := c.Events(ctx, client.FromNow, true, func(x report.Event) error {
		if x.Incarnation <= first.Incarnation && x.To == report.Starting {
			t.Errorf("%+v is in the past", x)
		}
		return enough
	})
	cancel()
	<-done
	if !errors.Is(err, enough) {
		t.Error(err)
	}
}

func TestLogsCanBeReadAndFollowed(t *testing.T) {
	c, in := startAdder(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	followed := require[io.ReadCloser](t)(c.Logs(ctx, report.LogQuery{Stream: "stderr", Follow: true}, "adder"))
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
	from := require[io.ReadCloser](t)(c.Logs(ctx, report.LogQuery{Stream: "stderr", Tail: 1}, in.Initiator().Workers()[0].GUID))
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
