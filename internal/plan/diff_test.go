package plan

import (
	"reflect"
	"testing"

	"initiator/initiator/report"
)

func TestDiffTouchesOnlyWhatDiffers(t *testing.T) {
	const base = "[worker:a]\ncommand = x\n[worker:b]\ncommand = y\n"
	for _, test := range []struct {
		name, old, next string
		want            []report.Change
	}{
		{"nothing", base, base, []report.Change{{Name: "a", Action: report.ActionKeep}, {Name: "b", Action: report.ActionKeep}}},
		{
			"other spelling", "[worker:a]\ncommand = x\n", "# moved\n[worker:a]\nstart_timeout = 30000ms\ncommand = \"x\"\nnumprocs = 1\n",
			[]report.Change{{Name: "a", Action: report.ActionKeep}},
		},
		{"start and stop", base, "[worker:c]\ncommand = z\n[worker:b]\ncommand = y\n", []report.Change{
			{Name: "c", Action: report.ActionStart}, {Name: "b", Action: report.ActionKeep}, {Name: "a", Action: report.ActionStop},
		}},
		{"restart", base, "[worker:a]\ncommand = x 1\nslots = 2\nreplicas = 3\n[worker:b]\ncommand = y\n", []report.Change{
			{Name: "a", Action: report.ActionRestart, Keys: []string{"command", "replicas", "slots"}}, {Name: "b", Action: report.ActionKeep},
		}},
		{"without a restart", "[worker:a]\ncommand = x\n", "[worker:a]\ncommand = x\nreplicas = 2\nrestart_limit = 3/1min\nrecycle = age:1d\n", []report.Change{
			{Name: "a", Action: report.ActionKeep, Keys: []string{"recycle", "replicas", "restart_limit"}},
		}},
		{"configuration", "[worker:a]\ncommand = x\n[config:a]\nk = 1\nold = 1\n", "[DEFAULT]\nall = 1\n[worker:a]\ncommand = x\n[config:a]\nk = 2\nnew = 1\n", []report.Change{
			{Name: "a", Action: report.ActionRestart, Keys: []string{"DEFAULT.all", "config.k", "config.new", "config.old"}},
		}},
		{"configuration that is not given", "[worker:a]\ncommand = x\ncontract = off\n", "[DEFAULT]\nall = 1\n[worker:a]\ncommand = x\ncontract = off\n", []report.Change{
			{Name: "a", Action: report.ActionKeep},
		}},
		{"a key that brings others", "[worker:a]\ncommand = x\n", "[worker:a]\ncommand = x\ncontract = off\n", []report.Change{
			{Name: "a", Action: report.ActionRestart, Keys: []string{"autorestart", "contract", "log_parse", "protocol", "ready", "startsecs"}},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := DiffPlans(mustMake(t, test.old), mustMake(t, test.next)); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}

func TestDiffFromNothingStartsEverything(t *testing.T) {
	got := DiffPlans(nil, mustMake(t, "[worker:a]\ncommand = x\n"))
	if want := []report.Change{{Name: "a", Action: report.ActionStart}}; !reflect.DeepEqual(got, want) || !got[0].HasEffect() {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestDiffSettings(t *testing.T) {
	old := mustMake(t, "[initiator]\nlisten_port = 1\n")
	next := mustMake(t, "[initiator]\nlisten_port = 2\nloglevel = debug\n")
	if got, want := DiffSettings(old, next), []string{"listen_port", "loglevel"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
