package store

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
