package keeper

import (
	"bytes"
	"fmt"
	"time"
)

// countLines counts the lines of a text, whose only line may have no end.
func countLines(text []byte) int { return max(min(1, len(text)), bytes.Count(text, []byte("\n"))) }

// noteLost puts the note of lost lines before what joins a page to the file.
func noteLost(between []byte, inLine bool, lost int) []byte {
	note := fmt.Sprintf("(initiator: %d lines are missing here, because the log could not be written)\n", lost)
	if inLine && len(between) > 0 {
		end := bytes.IndexByte(between, '\n') + 1
		return append(append(bytes.Clone(between[:end]), note...), between[end:]...)
	}
	if inLine {
		note = "\n" + note
	}
	return append([]byte(note), between...)
}

// dropText counts lines that are not written. The line that the file ends in does
// not go on after them.
func (f *logFile) dropText(text []byte) {
	f.lost += countLines(text)
	f.end.of = nil
}

// refusePage drops the rest of a page that could not be written, or keeps it with
// Block.
func (f *logFile) refusePage(p *logPage, rest []byte) {
	if !f.Block {
		f.lost += p.lost
		f.dropText(rest)
		return
	}
	if len(rest) < len(p.text) {
		p = &logPage{from: p.from, stamp: p.stamp, text: rest, continued: f.end.inLine}
	}
	f.keepPage(p)
}

// keepPage keeps a page until it can be written. The pipe of its worker is not read
// meanwhile. What workers wrote last is read in any case, and is lost beyond
// lastRoom.
func (f *logFile) keepPage(p *logPage) {
	if f.kept.Load()+int64(len(p.text)) > lastRoom {
		f.dropText(p.text)
		return
	}
	kept := *p
	kept.text = bytes.Clone(p.text) // the memory of a page is used again
	f.pages = append(f.pages, &kept)
	f.kept.Add(int64(len(p.text)))
}

// writeKept writes the pages that Block keeps, as far as they can be written.
func (f *logFile) writeKept() error {
	if time.Now().Before(f.retry) && f.broken {
		return nil
	}
	var report error
	pages := f.pages
	f.pages = nil
	f.kept.Store(0)
	for i, p := range pages {
		err := f.writePage(p)
		if err != nil {
			report = err
		}
		if len(f.pages) > 0 {
			for _, later := range pages[i+1:] {
				f.keepPage(later)
			}
			break
		}
	}
	return report
}

// reportWorking returns a report when a log is written again, and a warning about
// a new file that was not reported yet.
func (f *logFile) reportWorking(lost int) error {
	f.broken, f.lost = false, 0
	if f.faulty || lost > 0 {
		f.faulty = false
		text := "log " + f.Path + " is written again; no line is lost"
		if lost > 0 {
			text = fmt.Sprintf("log %s is written again; %d lines are lost", f.Path, lost)
		}
		return logFault{path: f.Path, text: text, over: true}
	}
	if f.warning != nil && !f.warned {
		f.warned = true
		return f.warning
	}
	return nil
}
