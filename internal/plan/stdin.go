package plan

import (
	"bytes"
	"slices"
	"strconv"

	"initiator/proactor"
)

// WorkerIdentity is what only one worker may know of itself, for [Stdin].
type WorkerIdentity struct {
	GUID        string
	Port        int
	Token       string
	Incarnation int
	ParentAddr  string
	ParentPort  int
}

// WorkerStdin is the document that a worker reads on its stdin (wire/webhooks.md,
// section 1): [DEFAULT], and under its guid the keys of [worker:NAME] overlaid
// with [config:NAME] and with what w says. It is nil when w.GUID can be no
// section's name; a plan that [Make] has accepted has no other reason.
func WorkerStdin(p *Plan, s *Spec, w WorkerIdentity) []byte {
	var b bytes.Buffer
	err := proactor.WriteDocument(&b, []proactor.LiteralSection{
		{Name: proactor.DefaultSection, Entries: trimmed(p.Defaults)},
		{Name: w.GUID, Entries: trimmed(p.own(s, w))},
	})
	if err != nil {
		return nil
	}
	return b.Bytes()
}

func (w WorkerIdentity) entries(s *Spec) []Entry {
	valued := func(key, value string) Entry { return Entry{Key: key, Value: value, Valued: true} }
	return []Entry{
		valued("listen_addr", s.ListenAddr),
		valued("listen_port", strconv.Itoa(w.Port)),
		valued("parent_addr", w.ParentAddr),
		valued("parent_port", strconv.Itoa(w.ParentPort)),
		valued("token", w.Token),
		valued("channel", strconv.Itoa(s.Channel)),
		valued("incarnation", strconv.Itoa(w.Incarnation)),
		valued("heartbeat_span", strconv.FormatFloat(s.HeartbeatSpan.Seconds(), 'f', -1, 64)),
	}
}

// trimmed drops the white space around the lines of a value, which a
// reference to an environment variable can bring in and no INI can carry.
func trimmed(entries []Entry) []Entry {
	all := slices.Clone(entries)
	for i := range all {
		all[i] = all[i].TrimLines()
	}
	return all
}
