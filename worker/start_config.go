package worker

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"initiator/internal/contentcoding"
	"initiator/internal/loopback"
	"initiator/internal/webhook"
	"initiator/proactor"
)

// startConfig is what the worker knows at its start, from all sources.
type startConfig struct {
	guid               string
	incarnation        int
	addr               string
	port               int // negative = any free port
	token              string
	channel            int
	connect            string // "token" or "open"
	directMode         string // "token" or "open"
	compression        string // of direct calls without a Content-Encoding
	chirpPort          int    // negative = any free port, 0 = no listener
	chirpPEM           string
	slots              int
	heartbeatSpan      time.Duration
	heartbeatTolerance time.Duration
	keep               bool
	orphanGrace        time.Duration
	stopTimes          stopTimes
	insecure           bool
	launched           bool                            // by an initiator
	setting            func(key string) (string, bool) // reads the worker's own section; may be nil
}

// minHeartbeatSpan is the minimum of ding.interaction for the heartbeat's span
// and its tolerance.
const minHeartbeatSpan = 200 * time.Millisecond

// readStartConfig reads arguments, stdin and environment. Arguments override
// stdin, stdin overrides the environment, and the environment overrides the
// options.
func readStartConfig(ctx context.Context, o Options) (startConfig, error) {
	args, err := readArgs(o.Args)
	if err != nil {
		return startConfig{}, err
	}
	launched := o.Getenv("INITIATOR_GUID") != ""
	cfg, err := readStdin(ctx, o.Stdin, launched, 0)
	if err != nil {
		return startConfig{}, fmt.Errorf("read the INI on stdin: %w", err)
	}
	guid := firstNonEmpty(args.guid, o.Getenv("INITIATOR_GUID"), onlySection(cfg), o.GUID)
	if guid == "" {
		guid = randomGUID()
	}
	k := sectionReader{cfg: cfg, section: guid}
	g := startConfig{
		guid:               guid,
		incarnation:        k.readNumber("incarnation", o.Getenv("INITIATOR_INCARNATION"), 1),
		addr:               k.readText("listen_addr", o.ListenAddr),
		port:               k.readNumber("listen_port", firstNonEmpty(o.Getenv("INITIATOR_PORT"), o.Getenv("PORT")), o.Port),
		token:              k.readText("token", o.Token),
		channel:            k.readNumber("channel", "", o.Channel),
		connect:            k.readText("connect", connectMode(o.Connect, launched)),
		directMode:         k.readText("direct", firstNonEmpty(o.Direct, "token")),
		compression:        k.readText("direct_compression", firstNonEmpty(o.DirectCompression, contentcoding.None)),
		chirpPort:          k.readNumber("chirp_port", "", o.ChirpPort),
		chirpPEM:           k.readText("chirp_pem", o.ChirpPEM),
		slots:              k.readNumber("slots", "", o.Slots),
		heartbeatSpan:      max(k.readDuration("heartbeat_span", o.HeartbeatSpan), minHeartbeatSpan),
		heartbeatTolerance: max(k.readDuration("heartbeat_tolerance", o.HeartbeatTolerance), minHeartbeatSpan),
		keep:               k.readText("on_initiator_exit", keepWord(o.Keep)) == "keep",
		orphanGrace:        k.readDuration("orphan_grace", o.OrphanGrace),
		stopTimes:          readStopTimes(&k, o.StopTimeout),
		launched:           launched,
		insecure:           o.Insecure || k.readFlag("insecure"),
		setting:            k.lookupKey,
	}
	if args.port != nil {
		g.port = *args.port
	}
	if g.token == "" {
		g.token = webhook.NewToken() // no other process knows it, so ping and shutdown stay closed
	}
	return g, errors.Join(append(k.faults, g.validate()...)...)
}

func (g startConfig) validate() (faults []error) {
	if g.connect != "token" && g.connect != "open" {
		faults = append(faults, fmt.Errorf("connect = %s: use token or open", g.connect))
	}
	faults = append(faults, g.validateDirect()...)
	switch {
	case g.chirpPort > 65535:
		faults = append(faults, fmt.Errorf("chirp_port = %d: use 1 to 65535, or 0 for none", g.chirpPort))
	case g.chirpPort != 0 && g.chirpPEM == "" && !loopback.IsHost(g.addr):
		faults = append(faults, fmt.Errorf("chirp_port: refused without chirp_pem beyond loopback, and this worker listens on %s", g.addr))
	}
	if g.slots < 1 {
		faults = append(faults, fmt.Errorf("slots = %d: use 1 or more", g.slots))
	}
	if g.port > 65535 {
		faults = append(faults, fmt.Errorf("port %d: use 1 to 65535, or 0 for any free one", g.port))
	}
	return faults
}

func (g startConfig) validateDirect() (faults []error) {
	switch {
	case g.directMode != "token" && g.directMode != "open":
		faults = append(faults, fmt.Errorf("direct = %s: use token or open", g.directMode))
	case g.directMode == "open" && !loopback.IsHost(g.addr):
		faults = append(faults, fmt.Errorf("direct = open: refused beyond loopback, and this worker listens on %s; use direct = token", g.addr))
	}
	if !slices.Contains(contentcoding.All, g.compression) {
		faults = append(faults, fmt.Errorf("direct_compression = %s: use one of %s", g.compression, strings.Join(contentcoding.All, ", ")))
	}
	return faults
}

// readStopTimes returns the times for the worker's end. Its stopwaitsecs is
// when the initiator kills the worker, so the worker ends a tenth earlier.
func readStopTimes(k *sectionReader, timeout time.Duration) stopTimes {
	if _, given := k.lookupKey("stopwaitsecs"); given {
		timeout = k.readDuration("stopwaitsecs", timeout)
		timeout -= timeout / 10
	}
	return stopTimes{drain: k.readDuration("drain", max(timeout, 0)), timeout: timeout}
}

func connectMode(asked string, launched bool) string {
	if asked == "" && launched {
		return "token"
	}
	return firstNonEmpty(asked, "open")
}

func keepWord(keep bool) string {
	if keep {
		return "keep"
	}
	return "stop"
}

func firstNonEmpty(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func randomGUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: without randomness the process ends
	return hex.EncodeToString(b[:])
}

type arguments struct {
	guid string
	port *int // nil = not given
}

// readArgs reads --guid and --port and ignores every other argument: programs
// have arguments of their own.
func readArgs(args []string) (a arguments, err error) {
	for i := 0; i < len(args); i++ {
		name, value, inOne := strings.Cut(args[i], "=")
		name = strings.Replace(name, "--", "-", 1) // package flag accepts one dash or two
		if name != "-guid" && name != "-port" {
			continue
		}
		if !inOne {
			if i++; i == len(args) {
				return a, fmt.Errorf("read the arguments: -%s needs a value", name)
			}
			value = args[i]
		}
		if name == "-guid" {
			a.guid = value
			continue
		}
		port, err := strconv.Atoi(value)
		if err != nil || port < 0 || port > 65535 {
			return a, fmt.Errorf("read the arguments: --port %q is no port; use 0 to 65535", value)
		}
		a.port = &port
	}
	return a, nil
}

// readStdin reads the INI on stdin. It returns nil when there is none: stdin
// is missing or a terminal, or no initiator launched the worker and nothing
// arrives in time. A patience of 0 means the time limit of the contract.
func readStdin(ctx context.Context, r io.Reader, launched bool, patience time.Duration) (*proactor.Config, error) {
	if r == nil || !launched && isTerminal(r) {
		return nil, nil
	}
	cfg, err := proactor.ReadConfig(ctx, r, patience)
	if err == nil {
		return cfg, nil
	}
	var faults proactor.Faults
	if !launched && !errors.As(err, &faults) && ctx.Err() == nil {
		return nil, nil
	}
	return nil, err
}

func isTerminal(r io.Reader) bool {
	f, ok := r.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// onlySection returns the name of the INI's only section, or "" when there are
// more or none. A worker that does not know its guid finds its section this
// way.
func onlySection(cfg *proactor.Config) string {
	if cfg == nil {
		return ""
	}
	if sections := cfg.Sections(); len(sections) == 1 {
		return sections[0].Name
	}
	return ""
}
