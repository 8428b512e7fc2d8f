//go:build !linux

package keeper

import "errors"

// Cgroups exist on Linux only.

func makeCgroup(s *SpawnOrder) ([]error, error) {
	if s.CgroupDir != "" {
		return nil, errors.New("cgroups exist on Linux only")
	}
	return nil, nil
}

func killCgroup(string)           {}
func removeCgroupDir(string) bool { return true }
func cgroupMembers(string) []int  { return nil }
func countOOMKills(string) int    { return 0 }
