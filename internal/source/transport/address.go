package transport

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/reach"
)

// origin is what credentials are for.
type origin struct{ scheme, host, port string }

func originAt(u *url.URL) origin {
	o := origin{strings.ToLower(u.Scheme), strings.ToLower(u.Hostname()), u.Port()}
	if o.port == "" {
		o.port = map[string]string{"http": "80", "https": "443"}[o.scheme]
	}
	return o
}

// originOf is where a repository is. Registries are written with oci:// or without
// any scheme.
func originOf(repo source.Repository) (origin, error) {
	text := strings.TrimSpace(repo.URL)
	scheme := "https://"
	if repo.InsecureOCIForceHTTP {
		scheme = "http://"
	}
	if rest, ok := strings.CutPrefix(text, "oci://"); ok {
		text = scheme + rest
	} else if !strings.Contains(text, "://") {
		text = scheme + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return origin{}, fault.New(fault.Invalid, "%s is not a URL of http or https", repo)
	}
	return originAt(u), nil
}

// includes says whether what is at u is of this origin: the same host and port, or,
// since servers send from http to https, the same host with the ports of these.
func (o origin) includes(u *url.URL) bool {
	other := originAt(u)
	return o == other || o == origin{"http", other.host, "80"} && other == origin{"https", o.host, "443"}
}

// guard keeps clients from addresses that are no place for a repository.
type guard struct {
	loopback bool
	proxy    string
	// within is the host in whose name a stranger has written the URL, if one has.
	within string
}

// judge judges addresses of a host.
func (g guard) judge(ctx context.Context, host string) func(netip.Addr) error {
	if g.within == "" {
		return g.check
	}
	within := reach.Guard{}.Judge(ctx, g.within, host)
	return func(addr netip.Addr) error {
		if err := g.check(addr); err != nil {
			return err
		}
		return within(addr)
	}
}

func (g guard) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: dialTimeout}
	if address != g.proxy || g.proxy == "" {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		judge := g.judge(ctx, host)
		d.Control = func(_, address string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(address)
			if err != nil {
				return err
			}
			return judge(at.Addr())
		}
	}
	return d.DialContext(ctx, network, address)
}

// literal checks a host that is an address, which a proxy would be asked to reach.
func (g guard) literal(ctx context.Context, host string) error {
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return nil //nolint:nilerr // a name, which is looked at when it has been resolved
	}
	return g.judge(ctx, host)(addr)
}

// services are addresses outside of the link-local ones at which clouds give a
// machine its credentials: AWS over IPv6, Alibaba, Oracle.
func services() []netip.Addr {
	return []netip.Addr{
		netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("100.100.100.200"), netip.MustParseAddr("192.0.0.192"),
	}
}

func (g guard) check(addr netip.Addr) error {
	addr = plain(addr)
	switch {
	case addr.IsLinkLocalUnicast(), addr.IsMulticast(), slices.Contains(services(), addr):
		return fault.New(fault.Denied, "%s is an address that no repository is read from", addr)
	case (addr.IsLoopback() || addr.IsUnspecified()) && !g.loopback:
		return fault.New(fault.Denied, "%s is this machine's own address", addr)
	}
	return nil
}

// plain is the IPv4 address that an IPv6 one stands for, if it does: mapped, or
// translated by a NAT64 gateway.
func plain(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	if netip.MustParsePrefix("64:ff9b::/96").Contains(addr) {
		b := addr.As16()
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return addr
}

// isLoopback says whether a host is named as this machine itself.
func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && plain(addr).IsLoopback()
}
