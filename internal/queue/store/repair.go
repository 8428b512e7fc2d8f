package store

import (
	"fmt"
	"time"

	"initiator/initiator/report"
)

// damagedDir returns the name of the directory that a start at this time makes for
// damaged bytes.
func damagedDir(now time.Time) string { return "damaged-" + now.UTC().Format("20060102T150405Z") }

// repairer repairs what an inventory has found. First it copies the damaged bytes,
// then it writes down what was lost, and only then it changes files: an interrupted
// repair is found again by the next start.
type repairer struct {
	dir  Dir
	o    Options
	inv  *inventory
	into string // directory for the damaged bytes
}

// repairDamage repairs everything that can be repaired. After an error no damaged
// file has been changed, or a repair is left over for the next start.
func (r *repairer) repairDamage() error {
	var found []report.Damage
	for i := range r.inv.findings {
		f := &r.inv.findings[i]
		if f.torn {
			continue
		}
		if err := r.saveBytes(f); err != nil {
			return fmt.Errorf("copy the damaged bytes of %s to %s: %w", f.File, r.dir.FilePath(r.into), err)
		}
		found = append(found, f.Damage)
	}
	if len(found) > 0 {
		if err := r.dir.SyncNames(); err != nil {
			return fmt.Errorf("sync the copies of damaged bytes: %w", err)
		}
		if r.o.NoteDamage != nil {
			if err := r.o.NoteDamage(found); err != nil {
				return err
			}
		}
	}
	for i := range r.inv.findings {
		if err := r.repairFinding(&r.inv.findings[i]); err != nil {
			return fmt.Errorf("repair %s: %w", r.inv.findings[i].File, err)
		}
	}
	return nil
}

// saveBytes copies the damaged bytes, and notes the copy in the finding. A whole
// file gets its place only: repairFinding moves it there.
func (r *repairer) saveBytes(f *finding) error {
	if f.kind == missingFile {
		return nil
	}
	if err := r.dir.MakeDir(r.into); err != nil {
		return err
	}
	if f.kind == damagedFile {
		f.Saved = r.into + "/" + f.File
		return nil
	}
	to := min(f.To, f.seg.size)
	if to <= f.From {
		return nil // the file ends before
	}
	name := fmt.Sprintf("%s/%s.%d-%d", r.into, f.File, f.From, to)
	_ = r.dir.RemoveFile(name) // of a start in the same second
	out, err := r.dir.OpenFile(name, true)
	if err != nil {
		return err
	}
	if _, err = out.WriteAt(loadRegion(f.seg, f.From, to).data, 0); err == nil {
		err = out.Sync()
	}
	if closed := out.Close(); err == nil {
		err = closed
	}
	if err == nil {
		f.Saved = name
	}
	return err
}

// setAside moves a file that does not count to the damaged bytes. A person may
// have restored it from a copy.
func (r *repairer) setAside(name string) {
	if r.dir.MakeDir(r.into) == nil {
		_ = r.dir.RenameFile(name, r.into+"/"+name) // the next start tries again
	}
}

// repairFinding changes the file, so that the next start finds no damage.
func (r *repairer) repairFinding(f *finding) error {
	if f.unreadable {
		return nil
	}
	switch f.kind {
	case damagedRange:
		return writeGap(f.seg, f.From, f.To)
	case damagedHeader:
		return r.repairHeader(f)
	case damagedFile:
		if err := closeSegment(f.seg); err != nil {
			return err
		}
		if err := r.dir.RenameFile(f.File, f.Saved); err != nil {
			return err
		}
	}
	if f.link.end == 0 { // no segment names it
		return nil
	}
	return r.replaceFile(f)
}

// repairHeader writes the header again. Where the segment before it ends is known
// from its records.
func (r *repairer) repairHeader(f *finding) error {
	f.seg.setBefore(f.before)
	if _, err := f.seg.file.WriteAt(f.seg.encodeHeader(), 0); err != nil {
		return err
	}
	return f.seg.file.Sync()
}

// replaceFile makes a segment of one gap in the place of a lost one. The segment
// after it names it, and so does not look as if a file were missing.
func (r *repairer) replaceFile(f *finding) error {
	seg := &segment{number: f.link.number, version: Version, end: f.link.end}
	seg.setBefore(f.before)
	if err := seg.createFile(r.dir, true); err != nil {
		return err
	}
	seg.size = headerSize
	r.inv.addReplacement(seg)
	return writeGap(seg, headerSize, seg.end)
}

// setBefore names the segment before this one, nil = none.
func (s *segment) setBefore(before *segment) {
	s.before, s.beforeEnd = 0, 0
	if before != nil {
		s.before, s.beforeEnd = before.number, before.end
	}
}

// writeGap replaces a range of a segment by a gap, and syncs the segment. The head
// is written last: without the head the range is damage still.
func writeGap(seg *segment, from, to int64) error {
	if to-from < recordHead {
		return fmt.Errorf("the range of %d bytes is too short for a gap", to-from)
	}
	zeros := make([]byte, min(to-from, 1<<20))
	for at := from; at < min(to, seg.size); at += int64(len(zeros)) {
		part := zeros[:min(int64(len(zeros)), to-at)]
		if _, err := seg.file.WriteAt(part, at); err != nil {
			return err
		}
	}
	if to > seg.size {
		if err := seg.file.Truncate(to); err != nil {
			return err
		}
		seg.size, seg.ahead = to, to
	}
	if _, err := seg.file.WriteAt(encodeGap(seg.number, from, to-from), from); err != nil {
		return err
	}
	return seg.file.Sync()
}
