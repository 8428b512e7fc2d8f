package spelling

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	known := []string{"replicas", "slots", "stopsignal", "db", "stop", "logs", "stop_command"}
	for word, want := range map[string]string{
		"replica": "replicas", "relpicas": "replicas", "slot": "slots", "bd": "db", "stop_signal": "stopsignal", "REPLICAS": "replicas", "DB": "db",
		"log": "logs", "logz": "logs", "solts": "slots", "tsop": "stop", "eplicas": "replicas", "top": "", "dogs": "", "web": "", "probe_command": "",
		"colour": "", "": "", "x": "", strings.Repeat("replicas", 100): "",
	} {
		if got, ok := Nearest(word, known); got != want || ok != (want != "") {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}
