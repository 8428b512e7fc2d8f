package port

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// The messages of the kernel's sock_diag interface: sock_diag(7) and
// include/uapi/linux/inet_diag.h. Offsets count from the end of the header.
const (
	diagRequestSize = 56 // struct inet_diag_req_v2
	diagReplySize   = 72 // struct inet_diag_msg
	diagPort        = 4
	diagAddress     = 8
	diagInode       = 68
)

var errDiag = errors.New("not an answer of sock_diag")

// listDiag asks the kernel for the listening sockets alone. Unlike a read of
// /proc/net/tcp it does not walk the table of connections.
func listDiag(each func(netip.AddrPort, uint64)) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return fmt.Errorf("open sock_diag: %w", err)
	}
	defer func() { _ = unix.Close(fd) }()
	buffer := make([]byte, 64<<10)
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		if err := unix.Sendto(fd, diagRequest(family), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
			return fmt.Errorf("ask sock_diag: %w", err)
		}
		for done := false; !done; {
			n, from, err := unix.Recvfrom(fd, buffer, 0)
			if err == nil && sentByKernel(from) {
				done, err = parseDiag(buffer[:n], each)
			}
			if err != nil {
				return fmt.Errorf("read sock_diag: %w", err)
			}
		}
	}
	return nil
}

// sentByKernel tells the kernel's messages from messages of other processes.
func sentByKernel(from unix.Sockaddr) bool {
	sa, ok := from.(*unix.SockaddrNetlink)
	return ok && sa.Pid == 0
}

// diagRequest asks for all TCP sockets of one family that listen.
func diagRequest(family uint8) []byte {
	b := make([]byte, 0, unix.NLMSG_HDRLEN+diagRequestSize)
	b = binary.NativeEndian.AppendUint32(b, unix.NLMSG_HDRLEN+diagRequestSize)
	b = binary.NativeEndian.AppendUint16(b, unix.SOCK_DIAG_BY_FAMILY)
	b = binary.NativeEndian.AppendUint16(b, unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	b = binary.NativeEndian.AppendUint64(b, 0) // sequence number, port id
	b = append(b, family, unix.IPPROTO_TCP, 0, 0)
	b = binary.NativeEndian.AppendUint32(b, 1<<stateListen)
	return b[:cap(b)] // a zero socket id: any
}

// parseDiag calls each for every socket of one datagram; done says that it was
// the last datagram.
func parseDiag(text []byte, each func(netip.AddrPort, uint64)) (done bool, err error) {
	for len(text) >= unix.NLMSG_HDRLEN {
		size := int(binary.NativeEndian.Uint32(text))
		kind := binary.NativeEndian.Uint16(text[4:])
		if size < unix.NLMSG_HDRLEN || size > len(text) {
			return false, errDiag
		}
		body := text[unix.NLMSG_HDRLEN:size]
		switch kind {
		case unix.NLMSG_DONE:
			return true, nil
		case unix.NLMSG_ERROR:
			return false, diagError(body)
		case unix.SOCK_DIAG_BY_FAMILY:
			if len(body) < diagReplySize {
				return false, errDiag
			}
			each(diagSocket(body))
		}
		text = text[min(len(text), (size+3)&^3):]
	}
	return false, nil
}

func diagSocket(body []byte) (netip.AddrPort, uint64) {
	ip := netip.AddrFrom16([16]byte(body[diagAddress:]))
	if body[0] == unix.AF_INET {
		ip = netip.AddrFrom4([4]byte(body[diagAddress:]))
	}
	number := binary.BigEndian.Uint16(body[diagPort:])
	return netip.AddrPortFrom(ip, number), uint64(binary.NativeEndian.Uint32(body[diagInode:]))
}

// diagError reads a negative errno.
func diagError(body []byte) error {
	if len(body) < 4 {
		return errDiag
	}
	return unix.Errno(-int32(binary.NativeEndian.Uint32(body)))
}
