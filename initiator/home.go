package initiator

import "path/filepath"

// The file home.json in the state directory: where workers that outlive an
// initiator expect the next one.
const (
	homeName     = "home.json"
	homeVersion  = 1
	homeWhat     = "initiator home"
	homeRemedy   = "it is safe to delete when no worker with on_initiator_exit = keep runs any more: the API then takes a new port"
	keeperSocket = "keeper.sock"
)

type home struct {
	stamp
	// Port is where the API and the webhooks were served last.
	Port int `json:"port"`
}

func readHome(dir string) (home, error) {
	var h home
	_, err := readSmall(filepath.Join(dir, homeName), &h, stamp{Version: homeVersion, What: homeWhat}, homeRemedy)
	return h, err
}

func writeHome(dir string, port int) error {
	return writeSmall(filepath.Join(dir, homeName), home{stamp{homeVersion, homeWhat, Version}, port})
}
