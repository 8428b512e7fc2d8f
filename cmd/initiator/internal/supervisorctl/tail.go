package supervisorctl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator/client"
	"initiator/initiator/report"
)

const (
	// tailBytes is how much of a log supervisorctl shows.
	tailBytes = 1600
	// maxTailBytes limits how much of a log is held in memory.
	maxTailBytes = 16 << 20
	// tailLines is the number of lines with which `tail -f` begins.
	tailLines = 10
)

const tailLong = `Show the end of the output of one process: the last 1600 bytes, or another number
of bytes, such as -100. With -f it keeps printing new output. initiator logs shows
the output of several workers.`

func (v *verbs) tailCommand() *cobra.Command {
	var t tailFlags
	cmd := &cobra.Command{
		Use: "tail [-f] [-BYTES] NAME [stdout|stderr]", Short: "Show the end of the output of a worker; as `logs`", Long: tailLong,
		Args: cobra.RangeArgs(1, 2), ValidArgsFunction: v.CompleteWorkers,
		RunE: func(cmd *cobra.Command, args []string) error {
			q, err := t.logQuery()
			if err != nil {
				return err
			}
			if q.Stream = "stdout"; len(args) == 2 {
				q.Stream = args[1]
			}
			if q.Stream != "stdout" && q.Stream != "stderr" {
				return cli.UsageFault(fmt.Errorf("tail %s %s: write stdout or stderr", args[0], q.Stream))
			}
			return v.WithClient(cmd, func(ctx context.Context, c *client.Client) error {
				guids, err := cli.ChooseGUIDs(ctx, c, args[:1])
				if err != nil {
					return err
				}
				if len(guids) != 1 {
					return cli.UsageFault(fmt.Errorf("tail %s: the name selects %d processes; `initiator logs` shows several", args[0], len(guids)))
				}
				switch {
				case v.Format.JSON && !t.follow:
					return v.showEndLines(ctx, c, q, guids[0], t.size)
				case t.follow:
					return v.ShowLogs(ctx, c, q, guids)
				}
				from, err := c.LogText(ctx, q, guids[0])
				if err != nil {
					return err
				}
				return v.showEnd(from, t.size)
			})
		},
	}
	t.addFlags(cmd.Flags())
	return cmd
}

// tailFlags say how much of the end of a log is shown.
type tailFlags struct {
	follow bool
	size   int
}

// addFlags adds the flags to a verb.
func (t *tailFlags) addFlags(f *pflag.FlagSet) {
	f.BoolVarP(&t.follow, "follow", "f", false, "keep printing new output")
	f.IntVar(&t.size, "bytes", tailBytes, "show the last `BYTES`; -100 is short for --bytes 100")
}

// logQuery asks for the end of the current log file, as supervisorctl does. A
// number of lines has at least as many bytes.
func (t *tailFlags) logQuery() (report.LogQuery, error) {
	if t.size < 1 || t.size > maxTailBytes {
		return report.LogQuery{}, cli.UsageFault(fmt.Errorf("tail -%d: from 1 to %d bytes", t.size, maxTailBytes))
	}
	if t.follow {
		return report.LogQuery{Follow: true, Tail: tailLines, Current: true}, nil
	}
	return report.LogQuery{Tail: t.size, Current: true}, nil
}

// showEnd prints the last bytes of a log, and ends the last line. It closes
// from.
func (v *verbs) showEnd(from io.ReadCloser, size int) error {
	defer from.Close()
	var end []byte
	for buf := make([]byte, 32<<10); ; {
		n, err := from.Read(buf)
		end = append(end, buf[:n]...)
		end = end[max(0, len(end)-size):]
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read the log: %w", err)
		}
	}
	if !bytes.HasSuffix(end, []byte("\n")) {
		end = append(end, '\n')
	}
	out := v.Out.OutputWriter()
	_, err := out.Write(end)
	return errors.Join(err, out.Flush())
}

// showEndLines prints the end of a log in JSON: the last whole lines that have
// at most size bytes.
func (v *verbs) showEndLines(ctx context.Context, c *client.Client, q report.LogQuery, guid string, size int) error {
	var end []report.LogLine
	total := 0
	for l, err := range c.Logs(ctx, q, guid) {
		if err != nil {
			return err
		}
		end, total = append(end, l), total+len(l.Line)+1
		for total > size {
			end, total = end[1:], total-len(end[0].Line)-1
		}
	}
	for _, l := range end {
		if err := v.Out.WriteJSON(l); err != nil {
			return err
		}
	}
	return nil
}

// minusBytes is supervisorctl's short form of --bytes.
var minusBytes = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^-[0-9]+$`) })

// ExpandTailArgs replaces -100 by --bytes=100 behind tail and maintail, and
// leaves other arguments unchanged.
func ExpandTailArgs(args []string) []string {
	tail := false
	made := make([]string, len(args))
	for i, arg := range args {
		made[i] = arg
		tail = tail || arg == "tail" || arg == "maintail"
		if tail && minusBytes().MatchString(arg) {
			made[i] = "--bytes=" + arg[1:]
		}
	}
	return made
}
