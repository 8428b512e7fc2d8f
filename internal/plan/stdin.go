package plan

import (
	"bytes"
	"slices"
	"strconv"

	"initiator/proactor"
)

// WorkerIdentity holds the values that belong to one worker, for [Stdin].
type WorkerIdentity struct {
	GUID        string
	Port        int
	Token       string
	Incarnation int
	ParentAddr  string
	ParentPort  int
}

// WorkerStdin returns the document that a worker reads on its stdin
// (docs/worker-contract.md, section 1): [DEFAULT], and under its guid the keys of
// [worker:NAME] overlaid with [config:NAME] and with the values of w. It returns
// nil when w.GUID cannot be the name of a section; for a plan that [MakePlan] has
// accepted there is no other reason.
func WorkerStdin(p *Plan, s *Spec, w WorkerIdentity) []byte {
	var b bytes.Buffer
	err := proactor.WriteDocument(&b, []proactor.LiteralSection{
		{Name: proactor.DefaultSection, Entries: trimEntries(p.Defaults)},
		{Name: w.GUID, Entries: trimEntries(p.ownEntries(s, w))},
	})
	if err != nil {
		return nil
	}
	return b.Bytes()
}

func (w WorkerIdentity) identityEntries(s *Spec) []Entry {
	valued := func(key, value string) Entry { return Entry{Key: key, Value: value, Valued: true} }
	return []Entry{
		valued("listen_addr", s.ListenAddr),
		valued("listen_port", strconv.Itoa(w.Port)),
		valued("parent_addr", w.ParentAddr),
		valued("parent_port", strconv.Itoa(w.ParentPort)),
		valued("token", w.Token),
		valued("channel", strconv.Itoa(s.Channel)),
		valued("incarnation", strconv.Itoa(w.Incarnation)),
		valued("heartbeat_span", formatSeconds(s.HeartbeatSpan)),
		valued("heartbeat_tolerance", formatSeconds(s.HeartbeatTolerance)),
		valued("drain", formatSeconds(s.Drain)),
		valued("stopwaitsecs", formatSeconds(s.StopWait)),
	}
}

// trimEntries removes the white space around the lines of each value.
func trimEntries(entries []Entry) []Entry {
	all := slices.Clone(entries)
	for i := range all {
		all[i] = all[i].TrimLines()
	}
	return all
}
