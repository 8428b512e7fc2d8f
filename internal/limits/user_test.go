package limits

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"initiator/internal/keeper"
	"initiator/internal/plan"
)

// TestUserOfOrder: an order has the user of its definition also where Prepare was
// not called, as for the hooks of a worker that an earlier initiator started. No
// process of such a worker may become one of root.
func TestUserOfOrder(t *testing.T) {
	var order keeper.SpawnOrder
	spec := &plan.Spec{Limits: plan.Limits{User: "nobody"}}
	if err := New("").Apply(&order, spec); err != nil {
		t.Fatal(err)
	}
	if want, err := lookUpUser("nobody"); err != nil || !order.SetUser || order.UID != want.uid || order.UID == 0 {
		t.Errorf("the order has uid %d, want %d (%v)", order.UID, want.uid, err)
	}
	spec.Limits.User = "no-such-user"
	if err := New("").Apply(&order, spec); err == nil {
		t.Error("an unknown user is no error")
	}
}

// TestUserVariables compares them with the system's own entry of the user.
func TestUserVariables(t *testing.T) {
	entry, err := exec.Command("awk", "-F:", `$1 == "nobody" { print $6 "," $7 }`, "/etc/passwd").Output()
	if err != nil {
		t.Fatal(err)
	}
	home, shell, _ := strings.Cut(strings.TrimSpace(string(entry)), ",")
	spec := &plan.Spec{Limits: plan.Limits{User: "nobody"}}
	want := []plan.Entry{{Key: "HOME", Value: home}, {Key: "LOGNAME", Value: "nobody"}, {Key: "SHELL", Value: shell}, {Key: "USER", Value: "nobody"}}
	l := New("")
	if got := l.UserVariables(spec); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	spec.FromSupervisord = true
	if got := append(l.UserVariables(spec), l.UserVariables(&plan.Spec{})...); len(got) != 0 {
		t.Errorf("in a supervisord.conf, or without the key user: %v", got)
	}
}
