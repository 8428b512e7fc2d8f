package keeper

import "hash/fnv"

// A process tag is a number that a worker and all its descendants carry as their
// soft limit RLIMIT_RTTIME. A child inherits it, an exec and setsid keep it, and
// a program that writes its title over its environment does not change it. A tag
// is over tagBase microseconds, which is 146,000 years: as a limit it has no
// effect. A process that sets this limit for itself, for example an audio
// server, loses its tag; a hard limit is never changed.
const (
	tagBase         = 1 << 62
	incarnationBits = 13
	guidBits        = 28
	markBits        = 20
	// leftIncarnation stands in the tag of a left process in the place of the
	// incarnation.
	leftIncarnation = 1<<incarnationBits - 1
)

// ProcessTag returns the tag of one incarnation of a worker. The mark names the
// state directory of the initiator.
func ProcessTag(mark, guid string, incarnation int) uint64 {
	return tagBase | hashText(mark, markBits)<<(guidBits+incarnationBits) |
		hashText(guid, guidBits)<<incarnationBits | uint64(incarnation)%leftIncarnation
}

// TagHasMark reports whether a tag is of a worker of the initiator with this
// mark.
func TagHasMark(tag uint64, mark string) bool {
	return TagOfWorker(tag) != 0 && tag>>(guidBits+incarnationBits) == ProcessTag(mark, "", 0)>>(guidBits+incarnationBits)
}

// TagOfWorker returns the part of a tag that all incarnations of a worker have;
// 0 for a number that is no tag.
func TagOfWorker(tag uint64) uint64 {
	if tag < tagBase || tag >= 1<<63 {
		return 0
	}
	return tag >> incarnationBits
}

// LeftTag returns the tag of the processes that a worker with a tag has left: see
// LeftProcess. It is 0 for a number that is no tag.
func LeftTag(tag uint64) uint64 {
	if TagOfWorker(tag) == 0 {
		return 0
	}
	return tag | leftIncarnation
}

// IsLeftTag reports whether a tag is that of a left process, of any initiator.
func IsLeftTag(tag uint64) bool { return tag != 0 && LeftTag(tag) == tag }

func hashText(text string, bits int) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text)) // never an error
	sum := h.Sum64()
	return (sum ^ sum>>32) & (1<<bits - 1)
}
