package initiator_test

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"

	"initiator/internal/testdisk"
	"initiator/internal/testlength"
)

var chaosDisks = flag.Bool("chaos-disks", true, "the chaos tests fill and hang disks; a run with -chaos fails where that is not possible")

// chaosDiskSize is the size of each disk in bytes. The tasks of a run of five
// minutes find room on it.
const chaosDiskSize = 128 << 20

// chaosDisk is a disk that the chaos test fills and hangs.
type chaosDisk struct {
	*testdisk.Disk
	name         string
	fills, hangs int
}

// logKeys are keys of a pool with its logs in dir. Its logs are rotated often.
func logKeys(dir string) string {
	return fmt.Sprintf(`
stdout_logfile          = %[1]s/{name}-{index}.log
stderr_logfile          = %[1]s/{name}-{index}.err
stdout_logfile_maxbytes = 20KB
stdout_logfile_backups  = 1
`, dir)
}

// mountDisks puts the state directory and the logs of some workers on disks of
// their own. A run whose length was asked for must have them; the short run of
// every day says that it has none.
func (c *chaos) mountDisks(logs string) {
	for _, dir := range []string{c.state, logs} {
		disk, err := testdisk.Make(c.t, dir, chaosDiskSize)
		switch {
		case err == nil:
			c.disks = append(c.disks, &chaosDisk{Disk: disk, name: "disk of " + filepath.Base(dir)})
			continue
		case isFlagSet("chaos"):
			c.t.Fatalf("%v; run it as root where loop devices can be mounted, or with -chaos-disks=false", err)
		}
		c.t.Logf("NO DISK FILLS OR HANGS IN THIS RUN: %v", err)
		return
	}
}

func isFlagSet(name string) (set bool) {
	flag.Visit(func(f *flag.Flag) { set = set || f.Name == name })
	return set
}

// faultDisk fills a disk and makes room again, or lets it hang and go on. A
// goroutine of the group ends the fault, so that other faults happen meanwhile.
func (c *chaos) faultDisk(ctx context.Context) {
	if len(c.disks) == 0 {
		return
	}
	disk := c.disks[c.rand.IntN(len(c.disks))]
	long := c.pickLength()
	if disk.Hangs() {
		return
	}
	if c.rand.IntN(2) == 0 {
		disk.fills++
		if err := disk.Fill(); err != nil {
			c.t.Errorf("fill the %s: %v", disk.name, err)
		}
		c.group.Go(func() {
			pause(ctx, long)
			if err := disk.Empty(); err != nil {
				c.t.Errorf("make room on the %s: %v", disk.name, err)
			}
		})
		return
	}
	disk.hangs++
	if err := disk.Hang(); err != nil {
		c.t.Errorf("hang the %s: %v", disk.name, err)
		return
	}
	c.expectAnswer(disk)
	c.group.Go(func() {
		pause(ctx, long)
		disk.Release()
	})
}

// expectAnswer checks that the initiator answers while a disk hangs. The caller
// has seen that it has come up.
func (c *chaos) expectAnswer(disk *chaosDisk) {
	if c.cmd == nil || c.reported != c.cmd {
		return
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), testlength.Patience)
	defer cancel()
	of := c.newClient()
	defer of.Close()
	if _, err := of.Status(ctx); err != nil {
		c.t.Errorf("status while the %s hangs: %v", disk.name, err)
	}
}

// healDisks ends every fault of the disks.
func (c *chaos) healDisks() {
	for _, disk := range c.disks {
		disk.Release()
		if err := disk.Empty(); err != nil {
			c.t.Error(err)
		}
		c.t.Logf("the %s hung %d times and was full %d times", disk.name, disk.hangs, disk.fills)
	}
}
