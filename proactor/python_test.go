package proactor

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"sync"
	"testing"
)

// oracle is one python3 process that lives as long as the tests and reads
// documents for them, so that a comparison costs microseconds.
type oracle struct {
	once   sync.Once
	mu     sync.Mutex
	absent string // why there is none
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
}

var python oracle

// view is how one of the two sides sees a document.
type view struct {
	Error    string
	Sections []sectionView
}

type sectionView struct {
	Name string
	Keys []keyView
}

type keyView struct {
	Key   string
	Value *string // nil for a key without a value, and for one with an error
	Error string
}

func (o *oracle) start() {
	path, err := exec.LookPath("python3")
	if err != nil {
		o.absent = "python3 is not installed: nothing to compare with"
		return
	}
	o.cmd = exec.Command(path, "-u", "testdata/oracle.py")
	o.cmd.Stderr = os.Stderr
	o.in, err = o.cmd.StdinPipe()
	if err != nil {
		o.absent = err.Error()
		return
	}
	out, err := o.cmd.StdoutPipe()
	if err != nil {
		o.absent = err.Error()
		return
	}
	o.out = bufio.NewReader(out)
	if err := o.cmd.Start(); err != nil {
		o.absent = err.Error()
	}
}

func (o *oracle) close() {
	if o.cmd == nil || o.cmd.Process == nil {
		return
	}
	o.in.Close()
	o.cmd.Wait()
}

// need skips the test where there is no python3.
func (o *oracle) need(t testing.TB) {
	t.Helper()
	o.once.Do(o.start)
	if o.absent != "" {
		t.Skip(o.absent)
	}
}

func (o *oracle) read(t testing.TB, doc []byte) view {
	t.Helper()
	o.need(t)
	o.mu.Lock()
	defer o.mu.Unlock()
	question, _ := json.Marshal(map[string][]byte{"doc": doc})
	if _, err := o.in.Write(append(question, '\n')); err != nil {
		t.Fatalf("ask python3: %v", err)
	}
	line, err := o.out.ReadBytes('\n')
	if err != nil {
		t.Fatalf("ask python3: %v", err)
	}
	return decodeView(t, line)
}

func decodeView(t testing.TB, line []byte) view {
	t.Helper()
	var answer struct {
		Error    string
		Sections [][2]json.RawMessage
	}
	if err := json.Unmarshal(line, &answer); err != nil {
		t.Fatalf("python3 answered %q: %v", line, err)
	}
	v := view{Error: answer.Error}
	for _, pair := range answer.Sections {
		var s sectionView
		var keys [][3]*string
		json.Unmarshal(pair[0], &s.Name)
		json.Unmarshal(pair[1], &keys)
		for _, k := range keys {
			one := keyView{Key: *k[0], Value: k[1]}
			if k[2] != nil {
				one.Error = *k[2]
			}
			s.Keys = append(s.Keys, one)
		}
		v.Sections = append(v.Sections, s)
	}
	return v
}

// ours reads the document with this package into the same form.
func ours(doc []byte) view {
	c, err := ParseConfig("doc.ini", doc)
	if err != nil {
		return view{Error: err.Error()}
	}
	names := []string{DefaultSection}
	for _, s := range c.Sections() {
		names = append(names, s.Name)
	}
	var v view
	for _, name := range names {
		s := sectionView{Name: name}
		for _, k := range c.visibleKeys(name) {
			s.Keys = append(s.Keys, ourKey(c, name, k))
		}
		v.Sections = append(v.Sections, s)
	}
	return v
}

func ourKey(c *Config, section string, k Key) keyView {
	one := keyView{Key: k.Name}
	value, _, err := c.Get(section, k.Name)
	switch {
	case err != nil:
		one.Error = err.Error()
	case k.Valued:
		one.Value = &value
	}
	return one
}

// stricter lists the problems that this package reports where Python reads on.
// Each is on purpose: nobody means a key called "[worker".
var stricter = []string{"a NUL byte", "is not UTF-8", "has no closing bracket", "the section header has no name", "make the value too large"}

func deliberatelyStricter(problem string) bool {
	for _, line := range strings.Split(problem, "\n") {
		for _, s := range stricter {
			if strings.Contains(line, s) {
				return true
			}
		}
	}
	return false
}

// compare reads the document with both and fails on any difference.
func compare(t testing.TB, doc []byte) {
	t.Helper()
	theirs, mine := python.read(t, doc), ours(doc)
	if mine.Error != "" && deliberatelyStricter(mine.Error) {
		return
	}
	if (theirs.Error != "") != (mine.Error != "") {
		t.Fatalf("document %q\npython: %q\nours:   %q", doc, theirs.Error, mine.Error)
	}
	if len(theirs.Sections) != len(mine.Sections) {
		t.Fatalf("document %q\npython: %s\nours:   %s", doc, theirs, mine)
	}
	for i := range theirs.Sections {
		compareSection(t, doc, theirs.Sections[i], mine.Sections[i])
	}
}

func compareSection(t testing.TB, doc []byte, theirs, mine sectionView) {
	t.Helper()
	if theirs.Name != mine.Name || len(theirs.Keys) != len(mine.Keys) {
		t.Fatalf("document %q\npython: %v\nours:   %v", doc, theirs, mine)
	}
	for i, their := range theirs.Keys {
		my := mine.Keys[i]
		if my.Error != "" && deliberatelyStricter(my.Error) {
			continue
		}
		same := their.Key == my.Key && reflect.DeepEqual(their.Value, my.Value) && (their.Error != "") == (my.Error != "")
		if !same {
			t.Fatalf("document %q\nsection %q\npython: %v\nours:   %v", doc, theirs.Name, their, my)
		}
	}
}

func (k keyView) String() string {
	value := "None"
	if k.Value != nil {
		value = fmt.Sprintf("%q", *k.Value)
	}
	return fmt.Sprintf("%q = %s (%s)", k.Key, value, k.Error)
}

func (v view) String() string {
	return fmt.Sprintf("%s %v", v.Error, v.Sections)
}
