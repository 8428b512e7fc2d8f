package bytebudget

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// reserver makes reservations and notes which were granted.
type reserver struct {
	t       *testing.T
	granted []string
	release map[string]func()
	ended   map[string]error
}

// reserve begins a reservation, and waits until it is granted or waits.
func (r *reserver) reserve(ctx context.Context, b *Budget, name string, n int64) {
	go func() {
		release, err := b.Reserve(ctx, n)
		if err != nil {
			r.ended[name] = err
			return
		}
		r.granted = append(r.granted, name)
		r.release[name] = release
	}()
	synctest.Wait()
}

// expect compares the names of the granted reservations, in their order.
func (r *reserver) expect(names ...string) {
	r.t.Helper()
	synctest.Wait()
	if !slices.Equal(r.granted, names) {
		r.t.Errorf("granted: %q, want %q", r.granted, names)
	}
}

func newReserver(t *testing.T) *reserver {
	return &reserver{t: t, release: map[string]func(){}, ended: map[string]error{}}
}

func TestReservationsWaitInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, r := New(10), newReserver(t)
		r.reserve(t.Context(), b, "a", 6)
		r.reserve(t.Context(), b, "b", 4)
		r.reserve(t.Context(), b, "large", 10)
		r.reserve(t.Context(), b, "small", 1) // does not overtake the large one
		r.expect("a", "b")
		r.release["b"]()
		r.expect("a", "b")
		r.release["a"]()
		r.expect("a", "b", "large")
		r.release["large"]()
		r.expect("a", "b", "large", "small")
		r.reserve(t.Context(), b, "whole", 100) // waits until it is alone
		r.expect("a", "b", "large", "small")
		r.release["small"]()
		r.expect("a", "b", "large", "small", "whole")
		r.release["whole"]()
	})
}

// A reservation that is given up lets those behind it through.
func TestReservationIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, r := New(10), newReserver(t)
		ctx, cancel := context.WithCancel(t.Context())
		r.reserve(t.Context(), b, "a", 6)
		r.reserve(ctx, b, "large", 8)
		r.reserve(t.Context(), b, "small", 4)
		r.expect("a")
		cancel()
		r.expect("a", "small")
		if err := r.ended["large"]; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// Peers do not wait for each other, and a peer without reservations takes no memory.
func TestPeersHaveTheirOwnBudgets(t *testing.T) {
	table := NewTable(10)
	var releases []func()
	for _, name := range []string{"a", "b"} {
		for range 2 {
			release, err := table.Reserve(t.Context(), name, 5)
			if err != nil {
				t.Fatal(err)
			}
			releases = append(releases, release)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := table.Reserve(ctx, "a", 1); !errors.Is(err, context.Canceled) {
		t.Errorf("more than the budget of a peer: %v", err)
	}
	for _, release := range releases {
		release()
	}
	if len(table.peers) != 0 {
		t.Errorf("%d peers are left", len(table.peers))
	}
}
