package port

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"initiator/internal/procfs"
)

// ListHeld returns the local addresses on which process pid and its descendants
// listen, in the order of the ports. A process whose descriptors cannot be read
// counts as a process without sockets.
func (s *ListenerTable) ListHeld(pid int) []netip.AddrPort {
	byInode := map[uint64]netip.AddrPort{}
	for number, listeners := range s.listeners {
		for _, l := range listeners {
			byInode[l.inode] = netip.AddrPortFrom(l.ip, uint16(number))
		}
	}
	var held []netip.AddrPort
	var children procfs.ChildLister
	for queue := []int{pid}; len(queue) > 0; queue = queue[1:] {
		for _, inode := range socketsOf(queue[0]) {
			if at, ok := byInode[inode]; ok {
				held = append(held, at)
				delete(byInode, inode)
			}
		}
		queue = append(queue, children.ChildrenOf(queue[0])...)
	}
	slices.SortFunc(held, func(a, b netip.AddrPort) int {
		return cmp.Or(cmp.Compare(a.Port(), b.Port()), a.Addr().Compare(b.Addr()))
	})
	return held
}

// socketsOf returns the inodes of the sockets among the descriptors of pid.
func socketsOf(pid int) (inodes []uint64) {
	dir := "/proc/" + strconv.Itoa(pid) + "/fd/"
	var link [64]byte
	for _, name := range procfs.ListDir(dir) {
		n, err := unix.Readlink(dir+name, link[:])
		if err != nil {
			continue
		}
		text, isSocket := strings.CutPrefix(string(link[:n]), "socket:[")
		if inode, err := strconv.ParseUint(strings.TrimSuffix(text, "]"), 10, 64); isSocket && err == nil {
			inodes = append(inodes, inode)
		}
	}
	return inodes
}
