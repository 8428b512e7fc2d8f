package plan

import "initiator/internal/supervisord"

// IsSupervisord says whether a file is written for supervisord, and so whether
// those who wrote it know supervisorctl's words. A file that cannot be read is
// not.
func IsSupervisord(path string) bool {
	data, err := readFile(path)
	return err == nil && supervisord.Is(data)
}
