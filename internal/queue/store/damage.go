package store

import "fmt"

// UnknownRecords is Damage.Records when the number is unknown.
const UnknownRecords = -1

// Damage is a part of a task file that cannot be read. Every other record of the
// file counts.
type Damage struct {
	File string `json:"file"` // its name in the state directory
	// From and To are positions in the file. Both are 0 when the whole file is
	// missing.
	From int64 `json:"from"`
	To   int64 `json:"to"`
	// Records is the number of lost records, UnknownRecords = unknown. A record
	// is the submit of a task or one of its changes.
	Records int    `json:"records"`
	Reason  string `json:"reason"` // what is wrong
	// Saved is the file in the state directory that has the damaged bytes; "" =
	// there is none, because the file is missing or nothing could be written.
	Saved string `json:"saved,omitempty"`
}

// String describes the damage in a line.
func (d Damage) String() string {
	text := d.File
	if d.To > 0 {
		text = fmt.Sprintf("%s, bytes %d to %d", d.File, d.From, d.To)
	}
	return text + ": " + d.Reason + "; " + d.lostText()
}

// lostText says how many records are lost.
func (d Damage) lostText() string {
	switch d.Records {
	case UnknownRecords:
		return "it is unknown how many records are lost"
	case 0:
		return "no record is lost"
	case 1:
		return "1 record is lost"
	}
	return fmt.Sprintf("%d records are lost", d.Records)
}

// hole is a range of a segment that has neither a good mark nor a good record.
type hole struct {
	from, to int64
	records  int   // lost records, or UnknownRecords
	readErr  error // of the disk; nil = the bytes can be read and are wrong
	// Whether a good mark, and whether anything good, stands behind the hole.
	markBehind, goodBehind bool
}

// holeVerdict says what a hole is.
type holeVerdict int

const (
	// tornEnd is the end of the newest segment. An initiator that was killed, or
	// a loss of power, leaves it; a disk that has lost the newest batch leaves it
	// too.
	tornEnd holeVerdict = iota
	// lostData is damage.
	lostData
)

// judgeHole judges a hole. A batch begins when the batch before it has been
// written, so that only the last batch of the newest segment can be incomplete:
// no mark stands behind it. With Sync always, a mark proves that everything
// before it was on the disk; without, a loss of power also costs batches before a
// mark. Everything before knownEnd was on the disk too.
func judgeHole(h hole, newest bool, knownEnd int64, sync Sync) (v holeVerdict, reason string) {
	switch {
	case h.readErr != nil:
		return lostData, "the disk cannot read it (" + h.readErr.Error() + ")"
	case !h.goodBehind && (!newest || h.from < knownEnd):
		return lostData, "the end of the file is missing or was changed"
	case !newest || h.from < knownEnd:
		return lostData, "the bytes were changed"
	case !h.markBehind:
		return tornEnd, "the last batch of the newest file is incomplete: the initiator was killed or the power was lost while it was written, or the disk has lost it"
	}
	return lostData, "the bytes were changed" + orPowerLoss(sync)
}

// orPowerLoss names the other reason why bytes of the newest segment are missing;
// "" when it is none.
func orPowerLoss(sync Sync) string {
	if sync.isAlways() {
		return ""
	}
	return ", or a loss of power came before the next sync (sync = " + sync.String() + ")"
}
