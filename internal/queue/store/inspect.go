package store

import "initiator/initiator/report"

// CheckReport is what Check has found.
type CheckReport struct {
	Files []report.FileReport `json:"files"`
	// Damage is what the next start would repair.
	Damage []report.Damage `json:"damage"`
	// TornEnd is the incomplete batch at the end of the newest file, which the
	// next start cuts off; "" = none.
	TornEnd string `json:"torn_end,omitempty"`
}

// Check reads every record of a directory and changes nothing. No other process
// may use the directory. Errors: *VersionError, an error of the file system, or the
// error of each.
func Check(dir Dir, o Options, each RecordFunc) (CheckReport, error) {
	inv, err := takeInventory(dir, o, each)
	if err != nil {
		return CheckReport{}, err
	}
	defer inv.closeFiles()
	r := CheckReport{Files: []report.FileReport{}, Damage: []report.Damage{}}
	for _, f := range inv.files {
		r.Files = append(r.Files, report.FileReport{Name: f.seg.fileName(), Size: f.seg.size, Records: f.scan.records})
	}
	for _, f := range inv.findings {
		if !f.torn {
			r.Damage = append(r.Damage, f.Damage)
		}
	}
	if inv.torn != nil {
		r.TornEnd = describeTornEnd(inv)
	}
	return r, nil
}
