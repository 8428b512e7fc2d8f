package cli

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"initiator/initiator/client"
	"initiator/initiator/report"
	"initiator/initiator/task"
	"initiator/internal/supervise"
)

// ChooseWorkers returns the workers that names select; all of them without
// names and for "all". The error suggests the nearest name.
func ChooseWorkers(all []report.Worker, names []string) ([]report.Worker, error) {
	if len(names) == 0 || slices.Contains(names, "all") {
		return all, nil
	}
	var chosen []report.Worker
	for _, name := range names {
		some := FindWorkers(all, name)
		if len(some) == 0 {
			return nil, &Fault{Code: ExitStatusUnknown, Err: &supervise.UnknownNameError{Name: name, Known: DefinitionNames(all)}}
		}
		chosen = append(chosen, some...)
	}
	return chosen, nil
}

// FindWorkers returns the workers with a definition, group or guid of this
// name. An unambiguous beginning of a guid, of at least 4 characters, is
// enough.
func FindWorkers(all []report.Worker, name string) (some []report.Worker) {
	for _, w := range all {
		if matchesName(w, name) {
			some = append(some, w)
		}
	}
	if len(some) > 0 || len(name) < 4 {
		return some
	}
	for _, w := range all {
		if len(w.GUID) > len(name) && w.GUID[:len(name)] == name {
			some = append(some, w)
		}
	}
	if len(some) > 1 {
		return nil
	}
	return some
}

// matchesName reports whether a name selects a worker: its definition, its
// group, its guid, or what users of supervisorctl write: "group:*", "group:"
// and "group:process". The process of a pool is the index of the worker.
func matchesName(w report.Worker, name string) bool {
	if name == w.Name || name == w.GUID || name == w.Group {
		return true
	}
	group, process, pair := strings.Cut(name, ":")
	switch {
	case !pair || group == "" || group != w.Group && group != w.Name:
		return false
	case process == "" || process == "*":
		return true
	case group == w.Name:
		return process == strconv.Itoa(w.Index) || group == w.Group && process == w.Name
	}
	return process == w.Name
}

// DefinitionNames returns the names of the workers' definitions, each once.
func DefinitionNames(all []report.Worker) (names []string) {
	for _, w := range all {
		if !slices.Contains(names, w.Name) {
			names = append(names, w.Name)
		}
	}
	return names
}

// ExpandNames replaces shortened guids, and names that only supervisorctl
// knows, by whole guids. It keeps names that match no worker: the initiator
// refuses them with a suggestion.
func ExpandNames(all []report.Worker, names []string) (full []string) {
	for _, name := range names {
		some := FindWorkers(all, name)
		if len(some) == 0 || some[0].Name == name || some[0].Group == name {
			full = append(full, name)
			continue
		}
		for _, w := range some {
			full = append(full, w.GUID)
		}
	}
	return full
}

// ChooseGUIDs returns the guids of the workers that names select.
func ChooseGUIDs(ctx context.Context, c *client.Client, names []string) (guids []string, err error) {
	all, err := c.Workers(ctx)
	if err != nil {
		return nil, err
	}
	return guidsOf(all, names)
}

// guidsOf returns the guids of those of the workers that names select.
func guidsOf(all []report.Worker, names []string) (guids []string, err error) {
	chosen, err := ChooseWorkersForAnswer(all, names)
	for _, w := range chosen {
		guids = append(guids, w.GUID)
	}
	return guids, err
}

// ChooseWorkersForAnswer is ChooseWorkers with the exit code of every verb but
// `status` for a name that selects no worker.
func ChooseWorkersForAnswer(all []report.Worker, names []string) ([]report.Worker, error) {
	chosen, err := ChooseWorkers(all, names)
	var unknown *Fault
	if errors.As(err, &unknown) {
		return nil, NewFault(ExitNotFound, unknown.Err, unknown.NextStep)
	}
	return chosen, err
}

// SortedPools returns the names of the pools in alphabetical order.
func SortedPools(m map[string]task.Counts) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
