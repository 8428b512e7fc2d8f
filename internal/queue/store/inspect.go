package store

// CheckReport is what Check has found.
type CheckReport struct {
	Files []FileReport `json:"files"`
	// Damage is what the next start would repair.
	Damage []Damage `json:"damage"`
	// TornEnd is the incomplete batch at the end of the newest file, which the
	// next start cuts off; "" = none.
	TornEnd string `json:"torn_end,omitempty"`
}

// FileReport describes a task file.
type FileReport struct {
	Name    string `json:"name"`
	Size    int64  `json:"size"` // bytes
	Records int    `json:"records"`
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
	r := CheckReport{Files: []FileReport{}, Damage: []Damage{}}
	for _, f := range inv.files {
		r.Files = append(r.Files, FileReport{f.seg.fileName(), f.seg.size, f.scan.records})
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
