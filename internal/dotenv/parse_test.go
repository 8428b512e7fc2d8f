package dotenv

import (
	"fmt"
	"strings"
	"testing"
)

// outside are the variables that the tests' files can refer to.
var outside = map[string]string{"HOME": "/home/ann", "EMPTY": "", "S": "space d"}

func lookUpOutside(name string) (string, bool) {
	value, ok := outside[name]
	return value, ok
}

// accepted are files with the variables that they set, each as NAME=value with
// Go's quotation marks around the value.
var accepted = []struct{ name, text, want string }{
	{"nothing", "", ""},
	{"plain", "A=1\nB=two words\n", `A="1" B="two words"`},
	{"spaces", "  A = 1  \n\tB\t=\t2\t\n", `A="1" B="2"`},
	{"no value", "A=\nB=''\nC=\"\"\nD= \n", `A="" B="" C="" D=""`},
	{"no line end", "A=1", `A="1"`},
	{"lines of Windows", "A=1\r\nB=\"2\"\r\nHOME\r\nC='x'\r\n", `A="1" B="2" HOME="/home/ann" C="x"`},
	{"byte order mark", "\uFEFFA=1\n", `A="1"`},
	{"comments", "# first\n\n  # second\nA=1 # third\nB=a#b\nC='x' # fourth\nD=\"y\"# fifth\nE=1\t#2\n", `A="1" B="a#b" C="x" D="y" E="1\t#2"`},
	{"a comment needs a space", "A=#x\nB= # x\n", `A="#x" B="# x"`},
	{"hash in quotation marks", "A='1 # 2'\nB=\"1 # 2\"\n", `A="1 # 2" B="1 # 2"`},
	{"several lines", "A=\"one\ntwo\n# three\"\nB='four\nfive'\n", `A="one\ntwo\n# three" B="four\nfive"`},
	{"escapes", `A="\a\b\f\n\r\t\v\\\"\$\0101\d\c"` + "\n", `A="\a\b\f\n\r\t\v\\\"$A\\d\\c"`},
	{"single is literal", `A='\n $HOME ${X} \\ "q" it\'s'` + "\n", `A="\\n $HOME ${X} \\\\ \"q\" it's"`},
	{"quotation marks inside", "A=it's\nB=say \"x\"\nC=x\"y\"\n", `A="it's" B="say \"x\"" C="x\"y\""`},
	{"backslash without quotation marks", `A=C:\new\$x` + "\n", `A="C:\\new\\"`},
	{"export", "export A=1\nexport\tB=2\nexport=3\nexport HOME\nexportC=4\n", `A="1" B="2" export="3" HOME="/home/ann" exportC="4"`},
	{"colon", "A: 1\nB:2\nC: 'http://x'\n", `A="1" B="2" C="http://x"`},
	{"names", "a.b-c[0]=1\nárvíz=2\n1=3\n-=4\n", `a.b-c[0]="1" árvíz="2" 1="3" -="4"`},
	{"bare names", "HOME\nNOT_SET\nEMPTY\nA=1\n", `HOME="/home/ann" EMPTY="" A="1"`},
	{"last value", "A=1\nB=$A\nA=2\n", `A="2" B="1"`},
	{"references", "A=$HOME/x\nB=${HOME}y\nC=\"$HOME\"\nD=$A$B\n", `A="/home/ann/x" B="/home/anny" C="/home/ann" D="/home/ann/x/home/anny"`},
	{"outside before the file", "HOME=/mine\nA=$HOME\n", `HOME="/mine" A="/home/ann"`},
	{"not set", "A=x${NOT_SET}y$NOT_SET\n", `A="xy"`},
	{"dollar signs", "A=$$HOME\nB=$\nC=$1\nD=100$ or $.\nE=\"\\$HOME\"\nF=p$$w\n", `A="$HOME" B="$" C="$1" D="100$ or $." E="$HOME" F="p$w"`},
	{"defaults", "A=${X:-d}\nB=${X-d}\nC=${EMPTY:-d}\nD=${EMPTY-d}\nE=${HOME:-d}\nF=${X:-}\n", `A="d" B="d" C="d" D="" E="/home/ann" F=""`},
	{"alternatives", "A=${X:+a}\nB=${HOME:+a}\nC=${EMPTY:+a}\nD=${EMPTY+a}\nE=${X+a}\n", `A="" B="a" C="" D="a" E=""`},
	{"required and there", "A=${HOME:?no}\nB=${EMPTY?no}\n", `A="/home/ann" B=""`},
	{"nested", "A=${X:-${Y:-$HOME}}z\nB=${X:-${HOME}}${HOME}\n", `A="/home/annz" B="/home/ann/home/ann"`},
	{"JSON", `A={"a":{"b":1}}` + "\n" + `B=${X:-{"a":1}}` + "\nC={\"h\":\"$HOME\"}\n", `A="{\"a\":{\"b\":1}}" B="{\"a\":1}" C="{\"h\":\"/home/ann\"}"`},
}

// refused are files with their first fault.
var refused = []struct{ name, text, want string }{
	{"no assignment", "A=1\nsecret value\n", "2: there is a space in the name"},
	{"word", "B C=1\n", "1: there is a space in the name"},
	{"character", "A=1\n\n; old comment\n", "3: a name cannot have the character ';'"},
	{"name without line end", "HOME", "1: a bare name has no line end"},
	{"no name", "=1\n", "1: there is no name"},
	{"export alone", "export\nA=1\n", "1: there is no name"},
	{"open quotation", "A=1\nB=\"x\ny\n", "2: the quotation that \" begins does not end"},
	{"text after quotation", "A='x' y\n", "1: there is text after the closing '"},
	{"assignment after quotation", "A=\"x\"B=1\n", "1: there is text after the closing \""},
	{"open reference", "A=1\nB=${HOME\n", "2: a ${ is not closed"},
	{"reference over two lines", "A=\"${X:-a\nb}\"\n", "1: a ${ is not closed"},
	{"reference without name", "A=${1}\n", "1: a ${ has no name"},
	{"unknown operator", "A=${HOME/x}\n", "1: the name in a ${ has neither"},
	{"required", "A=${X:?set $HOME}\n", `1: the variable X is required and is not set ("set /home/ann")`},
	{"braces that Compose miscounts", "A=${X:-{}}\n", "1: a ${ is not closed in its line, or has {{"},
	{"octal", `A="\018"` + "\n", `1: an escape \0 has no three octal digits`},
	{"NUL", `A="\0000"` + "\n", "1: the value has a NUL byte"},
	{"long", "A=" + strings.Repeat("x", maxValue+1) + "\n", "1: the value is longer"},
	{"growth", "A=" + strings.Repeat("x", 1000) + "\n" + strings.Repeat("B=$A$A\nA=$B$B\n", 40), "9: the value is longer"},
	{"depth", "A=" + strings.Repeat("${X:-", 60) + strings.Repeat("}", 60) + "\n", "1: references stand within references"},
	{"Kelvin sign", "A=$\u212a\n", "1: a value with a $ has the character U+212A"},
}

func TestParse(t *testing.T) {
	for _, test := range accepted {
		f := Parse(test.text, lookUpOutside)
		if got := describeFile(f); got != test.want {
			t.Errorf("%s: got  %s\nwant %s", test.name, got, test.want)
		}
	}
	for _, test := range refused {
		f := Parse(test.text, lookUpOutside)
		if got := describeFile(f); !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: got  %s\nwant %s", test.name, got, test.want)
		}
	}
}

// describeFile returns the variables, or the first fault.
func describeFile(f File) string {
	if len(f.Faults) > 0 {
		return fmt.Sprintf("%d: %s", f.Faults[0].Line, f.Faults[0].Problem)
	}
	var all []string
	for _, v := range f.Variables {
		all = append(all, fmt.Sprintf("%s=%q", v.Name, v.Value))
	}
	return strings.Join(all, " ")
}

// TestLines: every fault and every warning has its line, also after values of
// several lines, and none of them quotes a value.
func TestLines(t *testing.T) {
	f := Parse("A='1\n2'\n\nB secret\nC=\"x\n\" secret\nD=${secret\n# e\nE=$secret ${Y}\nF=\"\n$secret\"\n", nil)
	var got []string
	for _, n := range append(f.Faults, f.Warnings...) {
		got = append(got, fmt.Sprintf("%d: %s", n.Line, n.Problem))
	}
	want := []string{
		"4: there is a space in the name",
		"5: there is text after the closing \"",
		"7: a ${ is not closed in its line, or has {{ or {} in it",
		"9: a $ has a name after it that no variable has, and both are left out",
		"9: the variable Y is not set, and ${Y} is empty",
		"10: a $ has a name after it that no variable has, and both are left out",
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got\n%s\nwant\n%s", g, w)
	}
	for _, n := range append(f.Faults, f.Warnings...) {
		if strings.Contains(n.Problem+n.Remedy, "secret") {
			t.Errorf("a value is quoted: %+v", n)
		}
	}
	if f := Parse(strings.Repeat("x y\n", 1000), nil); len(f.Faults) != maxFaults {
		t.Errorf("%d faults of a file that is no list of variables, want %d", len(f.Faults), maxFaults)
	}
}
