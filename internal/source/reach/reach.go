package reach

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"evenkeel.dev/internal/fault"
)

// class is a kind of address by who can reach it.
type class string

const (
	public    class = "a public address"
	private   class = "a private address"
	linkLocal class = "a link-local address"
	loopback  class = "a loopback address"
	// nowhere is what nobody connects to on purpose.
	nowhere class = "an address that nothing can be reached at"
)

// ranges are the special ranges that net/netip has no word for
// (RFC 6890 and the IANA registries of special addresses).
var ranges = [...]struct {
	prefix netip.Prefix
	class  class
}{
	{netip.MustParsePrefix("0.0.0.0/8"), nowhere},
	{netip.MustParsePrefix("100.64.0.0/10"), private}, // shared by carriers and clouds; Alibaba's metadata service is in it
	{netip.MustParsePrefix("192.0.0.0/24"), private},
	{netip.MustParsePrefix("198.18.0.0/15"), private},
	{netip.MustParsePrefix("240.0.0.0/4"), nowhere},
	{netip.MustParsePrefix("2001::/32"), nowhere}, // Teredo: an IPv4 address in disguise
	{netip.MustParsePrefix("fec0::/10"), private},
}

// embedded are prefixes of IPv6 addresses that lead to the IPv4 address in them,
// which begins at the byte.
var embedded = [...]struct {
	prefix netip.Prefix
	at     int
}{
	{netip.MustParsePrefix("64:ff9b::/96"), 12},
	{netip.MustParsePrefix("64:ff9b:1::/48"), 12},
	{netip.MustParsePrefix("2002::/16"), 2},
	{netip.MustParsePrefix("::/96"), 12},
}

func classOf(a netip.Addr) class {
	a = a.Unmap().WithZone("")
	switch {
	case a.IsLoopback():
		return loopback
	case !a.IsValid() || a.IsUnspecified() || a.IsMulticast():
		return nowhere
	case a.IsLinkLocalUnicast():
		return linkLocal
	case a.IsPrivate():
		return private
	}
	for _, r := range ranges {
		if r.prefix.Contains(a) {
			return r.class
		}
	}
	for _, e := range embedded {
		if e.prefix.Contains(a) {
			b := a.As16()
			return classOf(netip.AddrFrom4([4]byte(b[e.at : e.at+4])))
		}
	}
	return public
}

// Guard judges addresses. Its zero value works.
type Guard struct {
	// Lookup resolves a host; nil asks the system.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
}

func (g Guard) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	host = strings.Trim(host, "[]")
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	if g.Lookup != nil {
		return g.Lookup(ctx, host)
	}
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// classes are those of a host's addresses. A host that cannot be resolved is on none.
func (g Guard) classes(ctx context.Context, host string) map[class]bool {
	has := map[class]bool{public: true}
	addrs, err := g.lookup(ctx, host)
	if err != nil {
		return has
	}
	for _, a := range addrs {
		has[classOf(a)] = true
	}
	delete(has, nowhere)
	return has
}

// dressedUp says whether a host is an address to some programs (127.1, 0x7f.1 and
// 2130706433 are loopback addresses to curl) and a name to others.
func dressedUp(host string) bool {
	host = strings.TrimSuffix(strings.Trim(host, "[]"), ".")
	if _, err := netip.ParseAddr(host); err == nil || host == "" {
		return host == ""
	}
	last := host[strings.LastIndex(host, ".")+1:]
	return last == "" || last[0] >= '0' && last[0] <= '9'
}

func sameHost(a, b string) bool {
	return strings.EqualFold(strings.Trim(a, "[]"), strings.Trim(b, "[]"))
}

// Check says whether a host may be connected to for a repository of the host from,
// and at which addresses: those and no others. The host from itself may be, and has
// no addresses here. The error is fault.Denied, or fault.Unavailable for a name that
// cannot be resolved.
func (g Guard) Check(ctx context.Context, from, host string) ([]netip.Addr, error) {
	if sameHost(from, host) {
		return nil, nil
	}
	if dressedUp(host) {
		return nil, fault.New(fault.Denied, "host %s is an address in a spelling that not everybody understands", host)
	}
	addrs, err := g.lookup(ctx, host)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "host %s cannot be resolved", host)
	}
	may := g.classes(ctx, from)
	for _, a := range addrs {
		if c := classOf(a); !may[c] {
			return nil, denied(host, c, from)
		}
	}
	return addrs, nil
}

func denied(host string, c class, from string) error {
	return fault.New(fault.Denied, "host %s is at %s, which is not followed from %s", host, c, from)
}

// Judge says of the very addresses that are connected to, for a host, whether they may
// be, for a repository of the host from.
func (g Guard) Judge(ctx context.Context, from, host string) func(netip.Addr) error {
	if sameHost(from, host) {
		return func(netip.Addr) error { return nil }
	}
	may := g.classes(ctx, from)
	return func(a netip.Addr) error {
		if c := classOf(a); !may[c] {
			return denied(host, c, from)
		}
		return nil
	}
}

const dialTimeout = 30 * time.Second

// Dial connects to the host of an address as Check lets it, and judges the very
// address that is connected to.
func (g Guard) Dial(from string) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		d := net.Dialer{Timeout: dialTimeout}
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		judge := g.Judge(ctx, from, host)
		d.ControlContext = func(_ context.Context, _, peer string, _ syscall.RawConn) error {
			a, err := netip.ParseAddrPort(peer)
			if err != nil {
				return err
			}
			return judge(a.Addr())
		}
		return d.DialContext(ctx, network, address)
	}
}
