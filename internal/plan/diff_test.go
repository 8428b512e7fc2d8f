package plan

import (
	"reflect"
	"testing"
)

func TestDiffTouchesOnlyWhatDiffers(t *testing.T) {
	const base = "[worker:a]\ncommand = x\n[worker:b]\ncommand = y\n"
	for _, test := range []struct {
		name, old, next string
		want            []Change
	}{
		{"nothing", base, base, []Change{{Name: "a", Action: ActionKeep}, {Name: "b", Action: ActionKeep}}},
		{
			"other spelling", "[worker:a]\ncommand = x\n", "# moved\n[worker:a]\nstart_timeout = 30000ms\ncommand = \"x\"\nnumprocs = 1\n",
			[]Change{{Name: "a", Action: ActionKeep}},
		},
		{"start and stop", base, "[worker:c]\ncommand = z\n[worker:b]\ncommand = y\n", []Change{
			{Name: "c", Action: ActionStart}, {Name: "b", Action: ActionKeep}, {Name: "a", Action: ActionStop},
		}},
		{"restart", base, "[worker:a]\ncommand = x 1\nslots = 2\nreplicas = 3\n[worker:b]\ncommand = y\n", []Change{
			{Name: "a", Action: ActionRestart, Keys: []string{"command", "replicas", "slots"}}, {Name: "b", Action: ActionKeep},
		}},
		{"without a restart", "[worker:a]\ncommand = x\n", "[worker:a]\ncommand = x\nreplicas = 2\nrestart_limit = 3/1min\nrecycle = age:1d\n", []Change{
			{Name: "a", Action: ActionKeep, Keys: []string{"recycle", "replicas", "restart_limit"}},
		}},
		{"configuration", "[worker:a]\ncommand = x\n[config:a]\nk = 1\nold = 1\n", "[DEFAULT]\nall = 1\n[worker:a]\ncommand = x\n[config:a]\nk = 2\nnew = 1\n", []Change{
			{Name: "a", Action: ActionRestart, Keys: []string{"DEFAULT.all", "config.k", "config.new", "config.old"}},
		}},
		{"configuration that is not given", "[worker:a]\ncommand = x\ncontract = off\n", "[DEFAULT]\nall = 1\n[worker:a]\ncommand = x\ncontract = off\n", []Change{
			{Name: "a", Action: ActionKeep},
		}},
		{"a key that brings others", "[worker:a]\ncommand = x\n", "[worker:a]\ncommand = x\ncontract = off\n", []Change{
			{Name: "a", Action: ActionRestart, Keys: []string{"autorestart", "contract", "protocol", "ready", "startsecs"}},
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
	if want := []Change{{Name: "a", Action: ActionStart}}; !reflect.DeepEqual(got, want) || !got[0].HasEffect() {
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
