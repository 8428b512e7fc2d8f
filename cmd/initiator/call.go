package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/worker/call"
)

const callLong = `Call a method of a worker through its direct listener and print the result. No
initiator takes part: nothing is queued, and nothing is retried without --retries.

URL may be several addresses, separated by commas: the first worker that accepts
the call runs it. PARAMETERS are JSON, - for standard input, or @FILE; without
them {}. The listener needs the worker's token, in the file that --token-file
names, unless the section of the worker has direct = open.

Exit codes: 0 done; 1 the method failed (its error is on stderr); 2 usage; 124
timeout; 125 no worker could be reached; 126 no worker has a free slot, or the
token is wrong; 127 no such method; 128+n ended by signal n.`

func (a *app) callCommand() *cobra.Command {
	c := directCall{app: a, timeout: cli.DurationFlag{Value: call.DefaultTimeout}}
	cmd := &cobra.Command{
		Use: "call URL METHOD [PARAMETERS]", Short: "Call a worker's method directly", Long: callLong,
		Example: `  initiator call http://127.0.0.1:7236 sum '{"a": 2, "b": 3}'`,
		Args:    cobra.RangeArgs(2, 3),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, _, stop := cli.CatchSignals(cmd.Context(), cli.EndingSignals...)
			defer stop()
			return c.callMethod(ctx, args)
		},
	}
	f := cmd.Flags()
	f.Var(&c.timeout, "timeout", "time limit of one try; without it 10s")
	f.IntVar(&c.retries, "retries", 0, "retry `N` times after a timeout or a broken connection; the method may run twice")
	f.StringVar(&c.compression, "compression", "none", "the `ENCODING` of the request: none, gzip or zstd")
	f.StringVar(&c.tokenFile, "token-file", "", "the `FILE` that holds the worker's token")
	return cmd
}

// directCall is one `call`.
type directCall struct {
	*app
	timeout     cli.DurationFlag
	retries     int
	compression string
	tokenFile   string
}

// callMethod calls the method and prints its result.
func (c *directCall) callMethod(ctx context.Context, args []string) error {
	if !strings.ContainsAny(args[0], ":/.") {
		return cli.NewFault(
			cli.ExitUsage, fmt.Errorf("%q is not a URL such as http://127.0.0.1:7236; `initiator status` shows the ports of workers", args[0]),
			"`initiator run "+args[0]+"."+args[1]+"` runs a task in the pool of that name",
		)
	}
	parameters := json.RawMessage("{}")
	if len(args) == 3 {
		var err error
		if parameters, err = readPayload(args[2:], c.In); err != nil {
			return err
		}
	}
	pool, err := c.openPool(args[0])
	if err != nil {
		return cli.UsageFault(err)
	}
	defer pool.Close()
	result, err := pool.Invoke(ctx, args[1], parameters)
	var cause cli.Interrupted
	if errors.As(context.Cause(ctx), &cause) {
		return cause
	}
	if err != nil {
		return c.callFault(err)
	}
	_, err = fmt.Fprintf(c.Out, "%s\n", result.Bytes())
	return err
}

// openPool returns a pool of the workers at the addresses of the command line.
func (c *directCall) openPool(url string) (*call.Pool, error) {
	options := []call.Option{
		call.WithTimeout(c.timeout.Value), call.WithRetries(c.retries), call.WithCompression(c.compression),
	}
	if c.tokenFile != "" {
		token, err := os.ReadFile(c.tokenFile)
		if err != nil {
			return nil, fmt.Errorf("read the token: %w", err)
		}
		options = append(options, call.WithBearer(func(string) string { return strings.TrimSpace(string(token)) }))
	}
	return call.New(call.Options{Addresses: []string{url}, Defaults: options})
}

// callFault gives an error its exit code. The error of the method itself is
// printed as the worker sent it.
func (c *directCall) callFault(err error) error {
	var answer *call.Error
	switch {
	case errors.Is(err, call.ErrTimeout):
		return &cli.Fault{Code: cli.ExitTimeout, Err: err}
	case !errors.As(err, &answer):
		return &cli.Fault{Code: cli.ExitInternal, Err: err}
	}
	switch answer.Status {
	case http.StatusNotFound:
		return &cli.Fault{Code: cli.ExitNotFound, Err: err}
	case http.StatusUnauthorized, http.StatusForbidden:
		return cli.NewFault(cli.ExitRefused, err, "name the file with the worker's token with --token-file")
	case http.StatusServiceUnavailable:
		return &cli.Fault{Code: cli.ExitRefused, Err: err}
	}
	return &cli.Fault{Code: cli.ExitFailed, Err: err}
}
