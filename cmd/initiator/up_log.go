package main

import (
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/cmd/initiator/internal/cli"
	"initiator/internal/output"
	"initiator/internal/plan"
)

// outputGrace is how long the last lines are waited for, where their reader is
// slow.
const outputGrace = time.Second

// openLog makes the logger: to the file of the plan, else to stderr. On a
// terminal it says only what the lines about workers do not. Outputs are behind
// queues: whoever reads them may stop reading, and a terminal does at Ctrl-S.
func (u *upRun) openLog(p *plan.Plan) (closeLog func(), err error) {
	o := &hclog.LoggerOptions{Name: "initiator", Level: hclog.LevelFromString(p.Settings.LogLevel)}
	if u.level != "" {
		if o.Level = hclog.LevelFromString(u.level); o.Level == hclog.NoLevel {
			return nil, cli.UsageFault(fmt.Errorf("--loglevel %s: there is trace, debug, info, warn and error", u.level))
		}
	}
	if p.Settings.LogFile != "" {
		if u.logFile, err = openLogFile(p.Settings.LogFile, p.Settings.LogMaxBytes, p.Settings.LogBackups); err != nil {
			return nil, err
		}
	}
	closeQueues := u.openQueues()
	switch {
	case u.logFile != nil:
		o.Output = u.logFile
	case u.live != nil && u.level == "":
		o.Level, o.Exclude = max(o.Level, hclog.Warn), isWorkerMessage
		o.Output = u.queue
	default:
		o.Output = u.queue
	}
	u.log = hclog.New(o)
	return func() {
		closeQueues()
		u.logFile.closeFile()
	}, nil
}

// openQueues puts a queue before stderr, and one before stdout, which belongs
// to the lines of workers unless changes are shown there as JSON.
func (u *upRun) openQueues() (closeQueues func()) {
	stderr := u.Err.Writer()
	if u.live != nil {
		stderr = u.live // above the lines that change
	}
	u.queue = output.NewQueue(stderr)
	u.forWorkers = u.queue
	if !u.Format.JSON && (u.live == nil || !u.Out.IsTerminal()) {
		u.forWorkers = output.NewQueue(u.Out.Writer())
	}
	return func() {
		u.queue.Close(outputGrace)
		if u.forWorkers != u.queue {
			u.forWorkers.Close(outputGrace)
		}
	}
}
