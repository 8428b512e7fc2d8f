package plan

import (
	"strings"
	"testing"
)

func TestShellMistakes(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"a | b":                       "gets | as an argument; run it with sh",
		"a && b > c":                  "gets && and > as arguments; run it with sh",
		"a; b":                        "gets a; as an argument; run it with sh",
		"a $(date) `id`":              "gets $(date) and `id` as arguments; run it with sh",
		"a &":                         "gets & as an argument; remove it",
		"a >> log 2>&1":               "gets >> and 2>&1 as arguments; write stdout_logfile",
		"a >/dev/null":                "gets >/dev/null as an argument; write stdout_logfile",
		"~/bin/a --x ~me/y":           "gets ~/bin/a and ~me/y as arguments; write the path",
		"a $HOME/x ${PORT}":           "gets $HOME/x and ${PORT} as arguments; write the value",
		"a # a comment":               "gets # as an argument; write the comment",
		"A=1 b":                       "A=1 is taken for the program; write environment",
		"sh -c a | b":                 "gets | as an argument; run it with sh",
		"sh -c 'a | b > ~/c'":         "",
		"sh -c ~/a":                   "", // the shell replaces it
		`find . -exec rm {} \;`:       "",
		`a '|' "&&" \> '~/x' "$HOME"`: "",
		"a --allow=* *.py a~ x=~/y b^$ a>=1 a|b & ": "gets & as an argument",
		"nginx -g 'daemon off;'":                    "",
		"a -- #fff --url=http://x/?a=1&b=2":         "",
	} {
		problem, remedy := shellMistake(line)
		if got := problem + "; " + remedy; want == "" && problem != "" || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

// The keys of both dialects are looked at, each with its line.
func TestShellMistakesInFiles(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{
		"ours.ini":         "[initiator]\nlogfile = ~/log\n[worker:a]\ncommand = x $$HOME\ncontract = off\nprobe = exec:a | b\nstop_command = a > b\ndirectory = ~\n",
		"supervisord.conf": "[supervisord]\n[program:a]\ncommand=x && y\nnumprocs=2\nprocess_name=%(process_num)s\n",
	})
	for file, want := range map[string][]string{
		"ours.ini":         {"ours.ini:2: initiator, logfile: ", "ours.ini:4: worker:a, command: ", "ours.ini:6: worker:a, probe: ", "ours.ini:7: worker:a, stop_command: ", "ours.ini:8: worker:a, directory: "},
		"supervisord.conf": {"supervisord.conf:3: program:a, command: no shell runs this command: the program gets && as an argument"},
	} {
		p, err := Load(dir+"/"+file, testEnv)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, w := range p.Warnings {
			if strings.Contains(w, "no shell") {
				got++
			}
		}
		for _, w := range want {
			if !strings.Contains(strings.Join(p.Warnings, "\n"), w) {
				t.Errorf("no %q in %q", w, p.Warnings)
			}
		}
		if got != len(want) {
			t.Errorf("%q", p.Warnings)
		}
	}
}
