package store

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"initiator/initiator/report"
)

// inventory is what a start finds in a directory, before it changes anything.
type inventory struct {
	files    []fileFound // ascending
	findings []finding
	torn     *hole // the torn end of the newest segment; nil = none
	// unfinished are files whose making was interrupted, and abandoned the files
	// whose only batch failed. No record in them counts.
	unfinished, abandoned []string
	lostNewest            bool // the newest segment is missing or cannot be used
	highest               uint32
	open                  []*segment // whose files are open
}

// fileFound is a segment with its scan.
type fileFound struct {
	seg  *segment
	link link
	scan segmentScan
}

// findingKind says what is damaged, and so how it is repaired.
type findingKind int

const (
	damagedRange  findingKind = iota // a gap replaces the bytes
	damagedHeader                    // the header is written again
	damagedFile                      // nothing in the file can be read: a segment of one gap replaces it
	missingFile                      // the same
)

// finding is a damaged place, with what its repair needs.
type finding struct {
	report.Damage
	kind   findingKind
	seg    *segment // nil = missingFile
	link   link
	before *segment // the segment before it that counts; nil = none
	// unreadable says that the disk cannot read the bytes: a repair would replace
	// bytes that a later start may be able to read.
	unreadable bool
	torn       bool // a gap replaces a part of the torn end, which is no damage
}

// takeInventory reads every segment of a directory and hands out its records,
// oldest first. It changes nothing. Errors: *VersionError, an error of the file
// system, or the error of each.
func takeInventory(dir Dir, o Options, each RecordFunc) (inv *inventory, err error) {
	inv = &inventory{}
	defer func() {
		if err != nil {
			inv.closeFiles()
		}
	}()
	segments, err := inv.openSegments(dir)
	if err != nil {
		return inv, err
	}
	if o.HoleFound == nil {
		o.HoleFound = func() {}
	}
	known := readKnownEnd(dir)
	var facts []segmentFacts
	byNumber := map[uint32]*segment{}
	for _, s := range segments {
		facts = append(facts, segmentFacts{s.number, s.before, s.beforeEnd, s.damagedHeader != ""})
		byNumber[s.number] = s
		inv.highest = max(inv.highest, s.number)
	}
	for _, l := range linkSegments(facts) {
		if err := inv.addLink(dir, o, l, byNumber[l.number], known, each); err != nil {
			return inv, err
		}
	}
	if known.number > inv.highest {
		inv.highest, inv.lostNewest = known.number, true
		o.HoleFound()
		inv.addMissing(link{number: known.number})
	}
	return inv, nil
}

// openSegments opens all segments, ascending.
func (inv *inventory) openSegments(dir Dir) ([]*segment, error) {
	names, err := dir.ListNames()
	if err != nil {
		return nil, fmt.Errorf("list the task files: %w", err)
	}
	var all []*segment
	for _, name := range names {
		seg := &segment{}
		whole := strings.TrimSuffix(name, unfinishedSuffix)
		if n, _ := fmt.Sscanf(whole, "tasks.%d.log", &seg.number); n != 1 || seg.fileName() != whole || seg.number == 0 {
			continue
		}
		if whole != name {
			inv.unfinished = append(inv.unfinished, name)
			continue
		}
		all = append(all, seg)
	}
	slices.SortFunc(all, func(a, b *segment) int { return cmp.Compare(a.number, b.number) })
	for _, seg := range all {
		if err := openSegment(dir, seg); err != nil {
			return nil, errors.Join(err, closeSegment(seg))
		}
		inv.open = append(inv.open, seg)
	}
	return all, nil
}

// openSegment opens a segment and reads its header.
func openSegment(dir Dir, seg *segment) (err error) {
	path := dir.FilePath(seg.fileName())
	if seg.file, err = dir.OpenFile(seg.fileName(), false); err != nil {
		return fmt.Errorf("open the task file: %w: the initiator must be able to read and write it", err)
	}
	head := make([]byte, headerSize)
	n, err := seg.file.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		if !isDamagedDisk(err) {
			return fmt.Errorf("read %s: %w", path, err)
		}
		seg.headerErr = err
	}
	if seg.size, err = seg.file.Size(); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	seg.ahead, seg.version = seg.size, Version
	v := judgeHeader(head[:n], seg.number)
	switch {
	case v.newer > 0:
		return &VersionError{Path: path, Version: v.newer}
	case seg.headerErr != nil:
		seg.damagedHeader = "the disk cannot read its header (" + seg.headerErr.Error() + ")"
	case v.reason != "":
		seg.damagedHeader = v.reason
	default:
		seg.decodeHeader(head)
	}
	return nil
}

// addLink reads the records of a segment and notes its damage.
func (inv *inventory) addLink(dir Dir, o Options, l link, seg *segment, known knownEnd, each RecordFunc) error {
	switch l.role {
	case missing:
		o.HoleFound()
		inv.addMissing(l)
		return nil
	case abandoned:
		inv.abandoned = append(inv.abandoned, seg.fileName())
		return nil
	}
	if seg.damagedHeader != "" {
		o.HoleFound() // the file may have lost its end
	}
	scan, err := scanSegment(seg, l, each, o.HoleFound)
	if err != nil {
		return fmt.Errorf("read %s: %w", dir.FilePath(seg.fileName()), err)
	}
	before := inv.lastSegment()
	if seg.damagedHeader != "" && scan.isUnreadable() {
		inv.lostNewest = inv.lostNewest || l.newest
		if l.newest {
			seg.damagedHeader += orPowerLoss(o.Sync)
		}
		inv.findings = append(inv.findings, finding{kind: damagedFile, seg: seg, link: l, before: before, Damage: report.Damage{
			File: seg.fileName(), To: seg.size, Records: report.UnknownRecords, Reason: seg.damagedHeader,
		}})
		return nil
	}
	inv.files = append(inv.files, fileFound{seg, l, scan})
	if seg.damagedHeader != "" {
		inv.findings = append(inv.findings, finding{kind: damagedHeader, seg: seg, link: l, before: before, unreadable: seg.headerErr != nil, Damage: report.Damage{
			File: seg.fileName(), To: headerSize, Reason: seg.damagedHeader,
		}})
	}
	inv.addHoles(o, known.endOf(seg.number))
	return nil
}

// addHoles judges the holes of the last file, whose end was known to be at
// knownEnd or behind.
func (inv *inventory) addHoles(o Options, knownEnd int64) {
	f := &inv.files[len(inv.files)-1]
	if f.link.newest {
		f.scan.missingEnd(knownEnd, o.HoleFound)
	}
	f.seg.end = f.scan.end
	for i, h := range f.scan.holes {
		v, reason := judgeHole(h, f.link.newest, knownEnd, o.Sync)
		if v == tornEnd {
			inv.torn = &f.scan.holes[i]
			if h.goodBehind {
				inv.findings = append(inv.findings, finding{kind: damagedRange, seg: f.seg, link: f.link, Damage: report.Damage{File: f.seg.fileName(), From: h.from, To: h.to}, torn: true})
			}
			continue
		}
		inv.findings = append(inv.findings, finding{kind: damagedRange, seg: f.seg, link: f.link, unreadable: h.readErr != nil, Damage: report.Damage{
			File: f.seg.fileName(), From: h.from, To: h.to, Records: h.records, Reason: reason,
		}})
		if !h.goodBehind && h.readErr == nil {
			f.seg.end = h.to // behind the gap that replaces it
		}
	}
}

// addMissing notes a segment that should be there.
func (inv *inventory) addMissing(l link) {
	seg := &segment{number: l.number}
	inv.findings = append(inv.findings, finding{kind: missingFile, link: l, before: inv.lastSegment(), Damage: report.Damage{
		File: seg.fileName(), Records: report.UnknownRecords, Reason: "the file is missing",
	}})
}

// lastSegment returns the newest segment so far that counts, nil = none.
func (inv *inventory) lastSegment() *segment {
	if len(inv.files) == 0 {
		return nil
	}
	return inv.files[len(inv.files)-1].seg
}

// describeTornEnd names the file and the bytes of the torn end.
func describeTornEnd(inv *inventory) string {
	return fmt.Sprintf("%s, bytes %d to %d", inv.lastSegment().fileName(), inv.torn.from, inv.torn.to)
}

// closeFiles closes every file.
func (inv *inventory) closeFiles() {
	for _, seg := range inv.open {
		_ = closeSegment(seg) // it was only read
	}
}

// closeSegment closes the file of a segment that may have none.
func closeSegment(seg *segment) error {
	if seg.file == nil {
		return nil
	}
	return seg.file.Close()
}

// addReplacement adds a segment that repair has made.
func (inv *inventory) addReplacement(seg *segment) {
	inv.open = append(inv.open, seg)
	i := 0
	for i < len(inv.files) && inv.files[i].seg.number < seg.number {
		i++
	}
	inv.files = slices.Insert(inv.files, i, fileFound{seg: seg})
}
