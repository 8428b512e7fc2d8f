package limits

import (
	"path/filepath"
	"strings"
	"testing"
)

// FuzzFindCgroup writes both files as the kernel does, for a cgroup below the root of
// a mount, beside the mount of a sibling whose name begins alike. The directory is
// always below that mount.
func FuzzFindCgroup(f *testing.F) {
	for _, seed := range [][3]string{
		{"", "/sys/fs/cgroup", "user.slice/a.scope"},
		{"docker/abc", "/sys/fs/cgroup", ""},
		{"a", "/sys/fs/cgroup", "b"},
		{"", "/mnt/my cgroup", "x y"},
		{"b\\040c", "/m\t", "a:b"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	escape := strings.NewReplacer(" ", `\040`, "\t", `\011`, "\n", `\012`, `\`, `\134`)
	f.Fuzz(func(t *testing.T, root, mount, below string) {
		root, mount, below = filepath.Join("/", root), filepath.Join("/", mount), filepath.Join("/", below)
		if strings.ContainsAny(root+mount+below, "\r\v\f\x00\u0085\u00a0") || strings.Contains(root+below, "\n") || strings.ToValidUTF8(root+mount+below, "") != root+mount+below {
			t.Skip() // the kernel writes such bytes as they are
		}
		path := filepath.Join(root, below)
		line := func(root, mount string) string {
			return "30 24 0:26 " + escape.Replace(root) + " " + escape.Replace(mount) + " rw,nosuid shared:4 - cgroup2 cgroup2 rw\n"
		}
		cgroups := "4:cpu:/v1\n0::" + path + "\n"
		if got, want := findCgroup(cgroups, "25 1 8:1 / / rw - ext4 /dev/sda rw\n"+line(root, mount)), filepath.Join(mount, below); got != want {
			t.Errorf("%q on %q: %q, want %q", path, root, got, want)
		}
		if root == "/" {
			return
		}
		if got := findCgroup("0::"+root+"sibling\n", line(root, mount)); got != "" {
			t.Errorf("%q is not below %q, and it is %q", root+"sibling", root, got)
		}
	})
}
