package initiatortest

import (
	"path/filepath"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/initiator"
)

// Option changes how Start makes and awaits the initiator.
type Option func(*options)

type options struct {
	config  initiator.Config
	noWait  bool
	timeout time.Duration
}

// defaultTimeout is long, because only a test that fails waits for it.
const defaultTimeout = 60 * time.Second

// NoWait lets Start return before the workers are ready, for tests about workers that
// do not come up.
func NoWait() Option { return func(o *options) { o.noWait = true } }

// Only starts these worker definitions, and the definitions that they come after.
func Only(names ...string) Option { return func(o *options) { o.config.Only = names } }

// StateDir keeps the state in a directory of the test, so that a second Start finds
// what the first has left. Workers with on_initiator_exit = keep then outlive the
// initiator. Without StateDir the state is in a temporary directory of the test.
func StateDir(path string) Option { return func(o *options) { o.config.StateDir = path } }

// Timeout bounds each wait: of Start for the workers, of Call, Run and WaitFor, and
// for the end of the initiator. Without Timeout it is a minute.
func Timeout(d time.Duration) Option { return func(o *options) { o.timeout = d } }

// Configure changes the configuration of the initiator in another way. What it does to
// Path, Logger and StateDir has precedence.
func Configure(change func(*initiator.Config)) Option {
	return func(o *options) { change(&o.config) }
}

// makeOptions applies options to their defaults. The paths are absolute, so that the
// initiator finds them after the test has changed its working directory.
func makeOptions(path string, out *output, list []Option) (options, error) {
	o := options{timeout: defaultTimeout, config: initiator.Config{Path: path, Logger: initiator.HCLog(hclog.New(&hclog.LoggerOptions{
		Name: "initiator", Output: out, Level: hclog.Debug,
	}))}}
	for _, apply := range list {
		apply(&o)
	}
	for _, p := range []*string{&o.config.Path, &o.config.StateDir} {
		if *p == "" {
			continue
		}
		absolute, err := filepath.Abs(*p)
		if err != nil {
			return o, err
		}
		*p = absolute
	}
	return o, nil
}
