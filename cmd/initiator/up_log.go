package main

import (
	"fmt"
	"io"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/internal/output"
	"initiator/internal/plan"
)

// outputGrace limits the wait for a slow reader of the last lines.
const outputGrace = time.Second

// openLog makes the logger: it writes where the plan says, else to stderr.
// On a terminal the lines about workers are left out, because the live view
// shows them. Queues stand before the outputs: a reader may stop reading, as a
// terminal does at Ctrl-S.
func (u *upRun) openLog(p *plan.Plan) (closeLog func(), err error) {
	o := &hclog.LoggerOptions{Name: "initiator", Level: hclog.LevelFromString(p.Settings.LogLevel)}
	if u.level != "" {
		if o.Level = hclog.LevelFromString(u.level); o.Level == hclog.NoLevel {
			return nil, cli.UsageFault(fmt.Errorf("--loglevel %s: write trace, debug, info, warn or error", u.level))
		}
	}
	toStdout := p.Settings.LogFile == plan.StdoutPath
	if p.Settings.LogFile != "" && !toStdout {
		if u.logFile, err = openLogFile(&p.Settings); err != nil {
			return nil, err
		}
	}
	closeQueues := u.openQueues()
	queue := u.queue
	if toStdout {
		queue = u.forWorkers
	}
	o.Output = terminal.LogWriter{To: queue}
	switch {
	case u.logFile != nil:
		o.Output = terminal.LogWriter{To: u.logFile}
	case u.live != nil && queue == u.queue && u.level == "":
		o.Level, o.Exclude = max(o.Level, hclog.Warn), isWorkerMessage
	}
	u.log = hclog.New(o)
	if u.logFile != nil && u.logFile.warning != nil {
		u.log.Warn(u.logFile.warning.Error())
	}
	return func() {
		closeQueues()
		u.logFile.closeFile()
	}, nil
}

// openQueues puts a queue before stderr, and another before stdout, which shows
// the output of workers unless -o json prints state changes there.
func (u *upRun) openQueues() (closeQueues func()) {
	var stderr io.Writer = u.live // above the region
	if u.live == nil {
		stderr = u.Err.Detach().OutputWriter()
	}
	u.queue = output.NewQueue(stderr)
	u.forWorkers = u.queue
	if !u.Format.JSON && (u.live == nil || !u.Out.IsTerminal()) {
		u.forWorkers = output.NewQueue(u.Out.Detach().OutputWriter())
	}
	return func() {
		u.queue.Close(outputGrace)
		if u.forWorkers != u.queue {
			u.forWorkers.Close(outputGrace)
		}
	}
}
