package report

import (
	"encoding/json"
	"testing"
)

func TestStateIsWrittenByName(t *testing.T) {
	for state := range stateNames {
		data, err := json.Marshal(state)
		var back State
		if err == nil {
			err = json.Unmarshal(data, &back)
		}
		if err != nil || back != state || string(data) != `"`+state.String()+`"` {
			t.Errorf("%d: %s %v", state, data, err)
		}
	}
}
