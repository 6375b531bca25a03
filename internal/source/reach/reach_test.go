package reach

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/internal/fault"
)

// names is a resolver of a few names.
func names(_ context.Context, host string) ([]netip.Addr, error) {
	addrs := map[string][]string{
		"world.example": {"93.184.216.34", "2606:2800:220:1::1"}, "company.example": {"10.1.2.3"}, "other.company.example": {"192.168.7.7"},
		"both.example": {"93.184.216.34", "127.0.0.1"}, "rebound.example": {"169.254.169.254"}, "here.example": {"127.0.0.1"},
	}[host]
	if addrs == nil {
		return nil, errors.New("no such host")
	}
	var out []netip.Addr
	for _, a := range addrs {
		out = append(out, netip.MustParseAddr(a))
	}
	return out, nil
}

func TestClassOf(t *testing.T) {
	for addr, want := range map[string]class{
		"8.8.8.8": public, "2a00::1": public, "172.32.0.1": public,
		"10.0.0.1": private, "172.16.0.1": private, "192.168.0.1": private, "fd00:ec2::254": private, "100.100.100.200": private, "fec0::1": private,
		"169.254.169.254": linkLocal, "fe80::1": linkLocal, "fe80::1%eth0": linkLocal,
		"127.0.0.1": loopback, "127.8.8.8": loopback, "::1": loopback,
		"0.0.0.0": nowhere, "::": nowhere, "224.0.0.1": nowhere, "ff02::1": nowhere, "255.255.255.255": nowhere, "0.1.2.3": nowhere,
		// IPv4 in other clothes.
		"::ffff:127.0.0.1": loopback, "::ffff:169.254.169.254": linkLocal, "64:ff9b::a9fe:a9fe": linkLocal, "2002:7f00:1::": loopback,
		"::127.0.0.1": loopback, "2001:0:a:b::1": nowhere, "64:ff9b::8.8.8.8": public,
	} {
		if got := classOf(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s is %s, want %s", addr, got, want)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, tc := range []struct {
		reason, from, host string
		addrs              int
		kind               fault.Kind
	}{
		{"the world", "world.example", "1.1.1.1", 1, -1},
		{"the world from a company", "company.example", "world.example", 2, -1},
		{"within a company", "company.example", "other.company.example", 1, -1},
		{"within a machine", "127.0.0.1", "::1", 1, -1},
		{"the same host, whatever it is", "company.example", "COMPANY.example", 0, -1},
		{"the same host in brackets", "::1", "[::1]", 0, -1},
		{"from the world into a company", "world.example", "company.example", 0, fault.Denied},
		{"from the world to this machine", "world.example", "here.example", 0, fault.Denied},
		{"from a company to this machine", "company.example", "here.example", 0, fault.Denied},
		{"one address of two", "world.example", "both.example", 0, fault.Denied},
		{"metadata of a cloud", "world.example", "169.254.169.254", 0, fault.Denied},
		{"metadata of a cloud from a company", "company.example", "rebound.example", 0, fault.Denied},
		{"metadata as IPv6", "company.example", "::ffff:169.254.169.254", 0, fault.Denied},
		{"nowhere", "world.example", "0.0.0.0", 0, fault.Denied},
		{"a number", "world.example", "2130706433", 0, fault.Denied},
		{"a short form", "world.example", "127.1", 0, fault.Denied},
		{"a hexadecimal form", "world.example", "0x7f.0x1", 0, fault.Denied},
		{"no host", "world.example", "", 0, fault.Denied},
		{"from nowhere into a company", "unknown.example", "company.example", 0, fault.Denied},
		{"from nowhere to the world", "unknown.example", "world.example", 2, -1},
	} {
		addrs, err := Guard{Lookup: names}.Check(t.Context(), tc.from, tc.host)
		kind := fault.Kind(-1)
		if err != nil {
			kind = fault.KindOf(err)
		}
		if diff := cmp.Diff([]any{tc.addrs, tc.kind}, []any{len(addrs), kind}); diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", tc.reason, err, diff)
		}
	}
}

func TestDial(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for from, want := range map[string]bool{"127.0.0.1": true, "127.0.0.2": true, "here.example": true, "world.example": false, "company.example": false} {
		conn, err := Guard{Lookup: names}.Dial(from)(t.Context(), "tcp", l.Addr().String())
		if (err == nil) != want || err != nil && fault.KindOf(err) != fault.Denied {
			t.Errorf("from %s: %v", from, err)
		}
		if err == nil {
			conn.Close()
		}
	}
}
