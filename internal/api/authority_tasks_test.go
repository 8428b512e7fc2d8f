package api_test

import (
	"net/http"
	"strings"
	"testing"

	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
	"initiator/internal/bounds"
)

// relatedTasks are tasks by their relation to a worker of the pool owner.
type relatedTasks struct{ held, free, child, grandchild, foreign, others task.Task }

func (a *authorityTest) submitRelated() (r relatedTasks) {
	a.t.Helper()
	own, api := a.credentials[owner], a.credentials[apiClient]
	r.held = a.submit(api, `{"pool":"owner.hold"}`)
	for r.held.State != task.Running {
		var err error
		if r.held, err = a.in.Client().Task(a.t.Context(), r.held.ID); err != nil {
			a.t.Fatal(err)
		}
	}
	r.free = a.submit(own, `{"pool":"closed","data":"free","key":"free"}`)
	r.child = a.submit(own, `{"pool":"closed","data":"child","key":"child","parent":"`+r.held.ID.String()+`"}`)
	r.grandchild = a.submit(api, `{"pool":"closed","data":"grandchild","parent":"`+r.child.ID.String()+`"}`)
	r.foreign = a.submit(api, `{"pool":"closed","data":"foreign","key":"foreign","unique":"foreign"}`)
	r.others = a.submit(a.other, `{"pool":"closed","data":"others"}`)
	return r
}

// A worker reads and cancels the tasks that its pool has submitted and the tasks
// below the tasks that it runs, and no others.
func TestTasksOpenToWorker(t *testing.T) {
	t.Parallel()
	a := newAuthorityTest(t)
	r := a.submitRelated()
	own := a.credentials[owner]
	path := func(t task.Task) string { return "/api/v1/tasks/" + t.ID.String() }
	for name, c := range map[string]struct {
		of     task.Task
		status int
	}{
		"held": {r.held, 200}, "free": {r.free, 200}, "child": {r.child, 200}, "grandchild": {r.grandchild, 200},
		"foreign": {r.foreign, 403}, "others": {r.others, 403},
	} {
		for _, query := range []string{"", "?wait=1ms"} {
			status, body := a.send(own, "GET", path(c.of)+query, "")
			if status != c.status || strings.Contains(body, name) != (status == 200 && c.of.ID != r.held.ID) {
				t.Errorf("get of %s%s: %d, want %d: %s", name, query, status, c.status, body)
			}
		}
	}
	for _, request := range []string{
		`{"pool":"closed","data":"x","key":"foreign"}`, `{"pool":"closed","id":"` + r.foreign.ID.String() + `"}`, `{"pool":"closed","unique":"foreign"}`,
	} {
		for _, query := range []string{"", "?wait=30s"} {
			want := `{"id":"` + r.foreign.ID.String() + `","state":"queued","known":true}`
			if got := strings.TrimSpace(a.expect(own, "POST", "/api/v1/tasks"+query, request, 200)); got != want {
				t.Errorf("submit of %s: %s, want %s", request, got, want)
			}
		}
	}
	if got := a.expect(own, "POST", "/api/v1/tasks", `{"pool":"closed","key":"free"}`, 200); !strings.Contains(got, `"data":"free"`) {
		t.Errorf("the worker's own task: %s", got)
	}
	for _, parent := range []task.Task{r.foreign, r.others, r.child} {
		a.expect(own, "POST", "/api/v1/tasks", `{"pool":"closed","parent":"`+parent.ID.String()+`"}`, 409)
	}
	for _, c := range []struct {
		of     task.Task
		status int
	}{{r.foreign, 403}, {r.others, 403}, {r.grandchild, 200}, {r.child, 200}, {r.free, 200}, {r.held, 200}} {
		a.expect(own, "POST", path(c.of)+"/cancel", "{}", c.status)
	}
	if got, err := a.in.Client().Task(t.Context(), r.foreign.ID); err != nil || got.State != task.Queued {
		t.Errorf("the task of another submitter is %s, %v", got.State, err)
	}
}

// A worker chooses how deep tasks are nested, so not every parent is looked at.
func TestGenerationsOpenToWorker(t *testing.T) {
	t.Parallel()
	a := newAuthorityTest(t)
	below := a.submitRelated().held
	for depth := 1; depth <= bounds.Generations+1; depth++ {
		below = a.submit(a.credentials[apiClient], `{"pool":"closed","parent":"`+below.ID.String()+`"}`)
		status := 200
		if depth > bounds.Generations {
			status = 403
		}
		a.expect(a.credentials[owner], "GET", "/api/v1/tasks/"+below.ID.String(), "", status)
	}
}

// A later incarnation has the authority of the incarnation before.
func TestLaterIncarnationReadsEarlierTasks(t *testing.T) {
	t.Parallel()
	a := newAuthorityTest(t)
	r := a.submitRelated()
	before := a.credentials[owner]
	a.expect(a.credentials[socket], "POST", "/api/v1/workers/restart", `{"names":["owner"]}`, 200)
	now := a.workerToken("owner")
	for _, c := range []task.Task{r.free, r.child} {
		a.expect(before, "GET", "/api/v1/tasks/"+c.ID.String(), "", 401)
		if got := a.expect(now, "GET", "/api/v1/tasks/"+c.ID.String(), "", 200); !strings.Contains(got, `"submitted_by":"owner"`) {
			t.Errorf("got %s", got)
		}
	}
	a.expect(now, "GET", "/api/v1/tasks/"+r.foreign.ID.String(), "", 403)
}

// A worker reads what its pool has submitted before the initiator started again: its
// guid is new then.
func TestSubmitterSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := initiatortest.StateDir(t.TempDir())
	first := initiatortest.StartText(t, authorityINI, initiatortest.Only("owner", "closed"), dir)
	a := &authorityTest{t: t, in: first, http: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
	free := a.submit(a.workerToken("owner"), `{"pool":"closed","data":"free"}`)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	a.in = initiatortest.StartText(t, authorityINI, initiatortest.Only("owner", "closed"), dir)
	if got := a.expect(a.workerToken("owner"), "GET", "/api/v1/tasks/"+free.ID.String(), "", 200); !strings.Contains(got, `"data":"free"`) {
		t.Errorf("got %s", got)
	}
}
